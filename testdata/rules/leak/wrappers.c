// Who owns the references after a wrapper returned? Its caller, and some callers forget.
#include <linux/mm.h>
#include <linux/slab.h>

struct vec {
	unsigned int n;
	struct page *pages[];
};

static struct page *get_one(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return NULL;
	return page;
}

int peek_bad(unsigned long addr)
{
	struct page *page = get_one(addr);

	if (!page)
		return -EFAULT;
	return *(int *)page_address(page); // expect: leak
}

int peek_ok(unsigned long addr)
{
	struct page *page = get_one(addr);
	int value;

	if (!page)
		return -EFAULT;
	value = *(int *)page_address(page);
	put_page(page);
	return value;
}

static struct vec *pin_vec(unsigned long start, unsigned int n)
{
	struct vec *vec = kvzalloc(struct_size(vec, pages, n), GFP_KERNEL);
	int got;

	if (!vec)
		return ERR_PTR(-ENOMEM);
	got = pin_user_pages_fast(start, n, FOLL_WRITE, vec->pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(vec->pages, got);
		kvfree(vec);
		return ERR_PTR(got < 0 ? got : -EFAULT);
	}
	vec->n = n;
	return vec;
}

static void unpin_vec(struct vec *vec)
{
	unpin_user_pages(vec->pages, vec->n);
	kvfree(vec);
}

int vec_dropped_bad(unsigned long start, unsigned int n)
{
	struct vec *vec = pin_vec(start, n);

	if (IS_ERR(vec))
		return PTR_ERR(vec);
	if (n > 64) {
		kvfree(vec); // expect: leak
		return -E2BIG;
	}
	unpin_vec(vec);
	return 0;
}

int vec_dropped_ok(unsigned long start, unsigned int n)
{
	struct vec *vec = pin_vec(start, n);

	if (IS_ERR(vec))
		return PTR_ERR(vec);
	unpin_vec(vec);
	return 0;
}

/* The result goes on to the next caller: here nothing is wrong, and its caller is asked in turn. */
static struct vec *pin_whole(unsigned long start)
{
	return pin_vec(start & PAGE_MASK, 1);
}

int two_levels_bad(unsigned long start)
{
	struct vec *vec = pin_whole(start);

	if (IS_ERR_OR_NULL(vec))
		return -EFAULT;
	return vec->n; // expect: leak
}

/* An out-parameter. */
static int get_out(unsigned long addr, struct page **out)
{
	int ret = get_user_pages_unlocked(addr, 1, out, 0);

	if (ret == 1)
		return 0;
	*out = NULL;
	return ret < 0 ? ret : -EFAULT;
}

int out_parameter_bad(unsigned long addr, bool again)
{
	struct page *page;
	int ret = get_out(addr, &page);

	if (ret)
		return ret;
	if (again)
		return -EAGAIN; // expect: leak
	put_page(page);
	return 0;
}

int out_parameter_ok(unsigned long addr)
{
	struct page *page;
	int ret = get_out(addr, &page);

	if (page)
		put_page(page);
	return ret;
}

int result_ignored_bad(unsigned long addr)
{
	get_one(addr);
	return 0; // expect: leak
}
