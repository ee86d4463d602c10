// Pages copied, one by one, to the entries of a ring in an object of others: no range of an array, but the turns leave them there.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>

#define ENTRIES 17

struct ring {
	unsigned int first;
	unsigned int end;
	struct scatterlist entry[ENTRIES];
};

static unsigned int after(unsigned int at)
{
	return at + 1 == ENTRIES ? 0 : at + 1;
}

int ring_fill_ok(struct ring *ring, struct iov_iter *from, size_t bytes)
{
	struct page *pages[8];
	ssize_t copied, use;
	size_t offset;
	int i;

	while (bytes > 0) {
		i = 0;
		copied = iov_iter_get_pages2(from, pages, bytes, 8, &offset); // balanced
		if (copied <= 0)
			return -EFAULT;
		bytes -= copied;
		while (copied) {
			use = min_t(ssize_t, copied, PAGE_SIZE - offset);
			sg_set_page(&ring->entry[ring->end], pages[i], use, offset);
			offset = 0;
			copied -= use;
			ring->end = after(ring->end);
			i++;
		}
	}
	return 0;
}

void ring_drop_ok(struct ring *ring)
{
	while (ring->first != ring->end) {
		put_page(sg_page(&ring->entry[ring->first]));
		ring->first = after(ring->first);
	}
}

struct pinned_ring {
	unsigned int first;
	unsigned int end;
	struct page *page[ENTRIES];
};

int pinned_ring_fill(struct pinned_ring *ring, unsigned long start)
{
	struct page *pages[8];
	int got, i;

	got = pin_user_pages_fast(start, 8, FOLL_LONGTERM, pages);
	for (i = 0; i < got; i++) {
		ring->page[ring->end] = pages[i];
		ring->end = after(ring->end);
	}
	return got;
}

void pinned_ring_drop_bad(struct pinned_ring *ring)
{
	while (ring->first != ring->end) {
		put_page(ring->page[ring->first]); // expect: wrong-put
		ring->first = after(ring->first);
	}
}
