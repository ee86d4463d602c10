// 0 < ret < n is treated as failure, and the ret references are forgotten.
#include <linux/mm.h>
#include <linux/slab.h>

struct slice {
	struct page **pages;
	int n;
};

int compare_with_n_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int got;

	if (n > 16)
		return -EINVAL;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got != n)
		return -EFAULT; // expect: partial-leak
	unpin_user_pages(pages, n);
	return 0;
}

int compare_with_n_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int got;

	if (n > 16)
		return -EINVAL;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (got != n) {
		if (got > 0)
			unpin_user_pages(pages, got);
		return got < 0 ? got : -EFAULT;
	}
	unpin_user_pages(pages, n);
	return 0;
}

int less_than_n_bad(unsigned long start, int n)
{
	struct page **pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = get_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (got < n) {
		kfree(pages); // expect: partial-leak
		return -EFAULT;
	}
	while (n > 0)
		put_page(pages[--n]);
	kfree(pages);
	return 0;
}

/* The array is freed at a common label. */
int common_label_bad(unsigned long start, unsigned long n)
{
	struct page **pages;
	long got;
	int ret = 0;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages(start, n, 0, pages);
	if (got < 0) {
		ret = got;
		goto free;
	}
	if ((unsigned long)got < n) {
		ret = -EINVAL;
		goto free;
	}
	unpin_user_pages(pages, n);
free:
	kvfree(pages); // expect: partial-leak
	return ret;
}

int common_label_ok(unsigned long start, unsigned long n)
{
	struct page **pages;
	long got;
	int ret = 0;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages(start, n, 0, pages); // balanced
	if (got < 0) {
		ret = got;
		goto free;
	}
	if ((unsigned long)got < n)
		ret = -EINVAL;
	unpin_user_pages(pages, got);
free:
	kvfree(pages);
	return ret;
}

/* A page: less than one is none, so nothing can be short. */
int one_page_ok(unsigned long start)
{
	struct page *page;

	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &page) < 1) // balanced
		return -EFAULT;
	unpin_user_page(page);
	return 0;
}

/* Two pages: one may have come. */
int two_pages_bad(unsigned long start)
{
	struct page *pages[2];

	if (pin_user_pages_fast(start, 2, FOLL_WRITE, pages) != 2)
		return -EFAULT; // expect: partial-leak
	unpin_user_page(pages[0]);
	unpin_user_page(pages[1]);
	return 0;
}

/* In a wrapper: the caller hears of a failure and cannot know better. */
static int slice_fill(struct slice *slice, unsigned long start)
{
	int got = pin_user_pages_fast(start, slice->n, FOLL_WRITE, slice->pages);

	if (got < slice->n)
		return -EFAULT;
	return 0;
}

int slice_bad(unsigned long start, int n)
{
	struct slice slice = { .n = n };
	int ret;

	slice.pages = kcalloc(n, sizeof(*slice.pages), GFP_KERNEL);
	if (!slice.pages)
		return -ENOMEM;
	ret = slice_fill(&slice, start);
	if (!ret)
		unpin_user_pages(slice.pages, n);
	kfree(slice.pages); // expect: partial-leak
	return ret;
}

/* The short count is kept, and used. */
int short_is_fine_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int got = get_user_pages_fast(start, min(n, 16), 0, pages); // balanced
	int i;

	for (i = 0; i < got; i++)
		put_page(pages[i]);
	return got;
}

/* An error pointer for a short pin. */
struct page **vector_bad(unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return ERR_PTR(-ENOMEM);
	got = pin_user_pages_fast(start, n, FOLL_LONGTERM, pages);
	if (got == n)
		return pages;
	kvfree(pages); // expect: partial-leak
	return ERR_PTR(got < 0 ? got : -EFAULT);
}
