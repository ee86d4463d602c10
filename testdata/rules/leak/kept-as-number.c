// A page is kept by its number, in an object of others: whoever finds the number there drops it.
#include <linux/mm.h>

struct frame_cache {
	unsigned long pfn;
	bool valid;
};

static int frame_get(unsigned long addr, unsigned long *pfn)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1) // balanced
		return -EFAULT;
	*pfn = page_to_pfn(page);
	return 0;
}

static int frame_refresh(struct frame_cache *cache, unsigned long addr)
{
	unsigned long pfn;
	int ret = frame_get(addr, &pfn);

	if (ret)
		return ret;
	cache->pfn = pfn;
	cache->valid = true;
	return 0;
}

int frame_wait_ok(struct frame_cache *cache, unsigned long addr)
{
	while (!cache->valid) {
		int ret = frame_refresh(cache, addr);

		if (ret)
			return ret;
	}
	return 0;
}

void frame_put(struct frame_cache *cache)
{
	if (cache->valid)
		unpin_user_page(pfn_to_page(cache->pfn));
	cache->valid = false;
}

/* Only this function ever knew the number. */
int frame_peek_bad(unsigned long addr)
{
	struct page *page;
	unsigned long pfn;

	if (pin_user_pages_fast(addr, 1, FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	pfn = page_to_pfn(page);
	return pfn ? 0 : -EINVAL; // expect: leak
}
