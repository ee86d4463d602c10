// References that stay in an array of an object while the count beside it says that there are none: the release goes by the count.
#include <linux/mm.h>

struct transfer {
	struct page *map[64];
	int page_count;
};

int start_bad(struct transfer *transfer, unsigned long luma, unsigned long chroma, int n)
{
	int got_luma, got_chroma = 0;

	if (transfer->page_count || n < 1 || n > 32)
		return -EBUSY;
	got_luma = pin_user_pages_fast(luma, n, 0, &transfer->map[0]);
	if (got_luma == n)
		got_chroma = pin_user_pages_fast(chroma, n, 0, &transfer->map[n]); // expect: leak "while struct transfer.page_count"
	if (got_luma != n || got_chroma != n) {
		if (got_luma > 0)
			unpin_user_pages(transfer->map, got_luma);
		return -EFAULT;
	}
	transfer->page_count = 2 * n;
	return 0;
}

int start_ok(struct transfer *transfer, unsigned long luma, unsigned long chroma, int n)
{
	int got_luma, got_chroma = 0;

	if (transfer->page_count || n < 1 || n > 32)
		return -EBUSY;
	got_luma = pin_user_pages_fast(luma, n, 0, &transfer->map[0]);
	if (got_luma == n)
		got_chroma = pin_user_pages_fast(chroma, n, 0, &transfer->map[n]);
	if (got_luma != n || got_chroma != n) {
		if (got_luma > 0)
			unpin_user_pages(transfer->map, got_luma);
		if (got_chroma > 0)
			unpin_user_pages(&transfer->map[n], got_chroma);
		return -EFAULT;
	}
	transfer->page_count = 2 * n;
	return 0;
}

void finish_ok(struct transfer *transfer)
{
	unpin_user_pages(transfer->map, transfer->page_count);
	transfer->page_count = 0;
}

struct queue {
	struct page *pages[16];
	unsigned int used;
};

int queue_bad(struct queue *queue, unsigned long addr, int mode)
{
	queue->used = 0;
	if (pin_user_pages_fast(addr, 1, 0, &queue->pages[0]) != 1) // expect: leak "while struct queue.used"
		return -EFAULT;
	if (mode > 3)
		return -EINVAL;
	queue->used = 1;
	return 0;
}

void drain_ok(struct queue *queue)
{
	unsigned int i;

	for (i = 0; i < queue->used; i++)
		unpin_user_page(queue->pages[i]);
}
