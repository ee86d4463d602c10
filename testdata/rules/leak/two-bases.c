// Two acquisitions fill one array at different places.
#include <linux/mm.h>
#include <linux/slab.h>

int planes_ok(unsigned long luma, unsigned long chroma, int n_luma, int n_chroma)
{
	struct page **pages = kcalloc(n_luma + n_chroma, sizeof(*pages), GFP_KERNEL);
	int first, second, ret = -EFAULT;

	if (!pages)
		return -ENOMEM;
	if (n_luma <= 0 || n_chroma <= 0)
		goto free;
	first = pin_user_pages_unlocked(luma, n_luma, pages, 0); // balanced
	if (first != n_luma) {
		if (first > 0)
			unpin_user_pages(pages, first);
		goto free;
	}
	second = pin_user_pages_unlocked(chroma, n_chroma, &pages[first], 0); // balanced
	if (second != n_chroma) {
		if (second > 0)
			unpin_user_pages(pages + first, second);
		unpin_user_pages(pages, first);
		goto free;
	}
	unpin_user_pages(pages, first + second);
	ret = 0;
free:
	kfree(pages);
	return ret;
}

/* Only the second is undone. */
int planes_bad(unsigned long luma, unsigned long chroma, int n_luma, int n_chroma)
{
	struct page **pages = kcalloc(n_luma + n_chroma, sizeof(*pages), GFP_KERNEL);
	int first, second, ret = -EFAULT;

	if (!pages)
		return -ENOMEM;
	if (n_luma <= 0 || n_chroma <= 0)
		goto free;
	first = pin_user_pages_unlocked(luma, n_luma, pages, 0);
	if (first != n_luma) {
		if (first > 0)
			unpin_user_pages(pages, first);
		goto free;
	}
	second = pin_user_pages_unlocked(chroma, n_chroma, &pages[first], 0);
	if (second != n_chroma) {
		if (second > 0)
			unpin_user_pages(pages + first, second);
		goto free;
	}
	unpin_user_pages(pages, first + second);
	ret = 0;
free:
	kfree(pages); // expect: leak
	return ret;
}
