// The good path releases rightly; the error path was forgotten in a conversion.
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct sender {
	struct device *dev;
	struct page **pages;
	int n_pages;
	dma_addr_t dma;
};

int sender_send_bad(struct sender *s, unsigned long start, int n)
{
	int i, ret, got;

	s->pages = kvmalloc_array(n, sizeof(*s->pages), GFP_KERNEL);
	if (!s->pages)
		return -ENOMEM;

	got = pin_user_pages_fast(start, n, FOLL_WRITE, s->pages);
	if (got != n) {
		ret = got < 0 ? got : -EFAULT;
		goto put;
	}

	s->dma = dma_map_page(s->dev, s->pages[0], 0, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(s->dev, s->dma)) {
		ret = -EIO;
		goto put;
	}

	unpin_user_pages(s->pages, n);
	kvfree(s->pages);
	return 0;

put:
	for (i = 0; i < got; i++)
		put_page(s->pages[i]); // expect: wrong-put
	kvfree(s->pages);
	return ret;
}

int sender_send_ok(struct sender *s, unsigned long start, int n)
{
	int ret, got;

	s->pages = kvmalloc_array(n, sizeof(*s->pages), GFP_KERNEL);
	if (!s->pages)
		return -ENOMEM;

	got = pin_user_pages_fast(start, n, FOLL_WRITE, s->pages); // balanced
	if (got != n) {
		ret = got < 0 ? got : -EFAULT;
		goto unpin;
	}

	s->dma = dma_map_page(s->dev, s->pages[0], 0, PAGE_SIZE, DMA_TO_DEVICE);
	ret = dma_mapping_error(s->dev, s->dma) ? -EIO : 0;

unpin:
	if (got > 0)
		unpin_user_pages(s->pages, got);
	kvfree(s->pages);
	return ret;
}
