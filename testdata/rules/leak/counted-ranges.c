// Ranges that get longer in one turn and shorter in another, while a field counts them.
#include <linux/mm.h>
#include <linux/errno.h>

#define MAX 24

struct batch {
	struct page *pages[MAX];
	unsigned int nr;
	unsigned int ops;
};

static void flush(struct batch *batch)
{
	unpin_user_pages(batch->pages, batch->nr);
	batch->nr = 0;
}

int flushed_ok(unsigned long *addrs, int count)
{
	struct batch batch = { .nr = 0 };
	struct page *page;
	int i;

	for (i = 0; i < count; i++) {
		if (batch.nr == MAX)
			flush(&batch);
		if (pin_user_pages_fast(addrs[i], 1, 0, &page) != 1) // balanced
			break;
		batch.pages[batch.nr++] = page;
	}
	flush(&batch);
	return i;
}

/* What was gathered since the last flush is lost. */
int flushed_bad(unsigned long *addrs, int count)
{
	struct batch batch = { .nr = 0 };
	struct page *page;
	int i;

	for (i = 0; i < count; i++) {
		if (batch.nr == MAX)
			flush(&batch);
		if (pin_user_pages_fast(addrs[i], 1, 0, &page) != 1)
			return -EFAULT; // expect: leak
		batch.pages[batch.nr++] = page;
	}
	flush(&batch);
	return 0;
}

/* In the caller's structure, which may have some already. */
static int add_segment(struct batch *batch, unsigned long addr, unsigned int len)
{
	struct page *page;
	unsigned int done = 0;
	int ret;

	while (done < len) {
		if (batch->ops == MAX) {
			flush(batch);
			batch->ops = 0;
		}
		ret = pin_user_pages_fast(addr + done, 1, 0, &page); // balanced
		if (ret < 0)
			return ret;
		if (ret == 0)
			return -EFAULT;
		batch->pages[batch->nr++] = page;
		batch->ops++;
		done += PAGE_SIZE;
	}
	return 0;
}

int segments_ok(struct batch *batch, unsigned long *addrs, int count)
{
	int i, ret = 0;

	batch->nr = 0;
	batch->ops = 0;
	for (i = 0; i < count; i++) {
		ret = add_segment(batch, addrs[i], 3 * PAGE_SIZE);
		if (ret < 0)
			break;
	}
	flush(batch);
	return ret;
}

/* One more right behind a range of others is dropped with them. */
int one_more_ok(struct batch *batch, unsigned long addr)
{
	struct page *page;
	int got = pin_user_pages_fast(addr, 8, 0, batch->pages); // balanced

	if (got <= 0)
		return -EFAULT;
	batch->nr = got;
	if (pin_user_pages_fast(addr, 1, 0, &page) == 1) // balanced
		batch->pages[batch->nr++] = page;
	unpin_user_pages(batch->pages, batch->nr);
	return 0;
}

/* It was dropped by itself before. */
int one_more_bad(struct batch *batch, unsigned long addr)
{
	struct page *page;
	int got = pin_user_pages_fast(addr, 8, 0, batch->pages);

	if (got <= 0)
		return -EFAULT;
	if (pin_user_pages_fast(addr, 1, 0, &page) == 1) {
		batch->pages[got] = page;
		unpin_user_page(page);
		got++;
	}
	unpin_user_pages(batch->pages, got); // expect: count-mismatch "more pages"
	return 0;
}
