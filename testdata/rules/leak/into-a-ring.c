// Pages go into a ring, whose slots are no range of an array: `head & mask` wraps. Who empties the ring drops them.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

struct ring_slot {
	struct page *page;
	unsigned len;
};

struct ring {
	unsigned head, tail, size, full;
	struct ring_slot *slots;
};

static int ring_add(struct ring *ring, struct ring_slot *slot)
{
	if (ring->full)
		return -EAGAIN;
	ring->slots[ring->head & (ring->size - 1)] = *slot;
	ring->head++;
	return 0;
}

void ring_take(struct ring *ring)
{
	put_page(ring->slots[ring->tail++ & (ring->size - 1)].page);
}

ssize_t ring_fill_ok(struct ring *ring, struct iov_iter *iter)
{
	struct ring_slot slot = {};
	ssize_t total = 0;
	int ret;

	while (iov_iter_count(iter)) {
		struct page *pages[16];
		size_t start;
		int i, n;
		ssize_t left = iov_iter_get_pages2(iter, pages, ~0UL, 16, &start); // balanced

		if (left <= 0)
			return left;
		n = DIV_ROUND_UP(left + start, PAGE_SIZE);
		for (i = 0; i < n; i++) {
			int size = min_t(int, left, PAGE_SIZE - start);

			slot.page = pages[i];
			slot.len = size;
			ret = ring_add(ring, &slot);
			if (ret < 0) {
				while (i < n)
					put_page(pages[i++]);
				return ret;
			}
			total += size;
			left -= size;
			start = 0;
		}
	}
	return total;
}

/* The page that found no room is not put. */
ssize_t ring_fill_bad(struct ring *ring, struct iov_iter *iter)
{
	struct ring_slot slot = {};
	struct page *pages[16];
	size_t start;
	int i, n;
	ssize_t left = iov_iter_get_pages2(iter, pages, ~0UL, 16, &start);

	if (left <= 0)
		return left;
	n = DIV_ROUND_UP(left + start, PAGE_SIZE);
	for (i = 0; i < n; i++) {
		slot.page = pages[i];
		if (ring_add(ring, &slot) < 0) {
			while (++i < n)
				put_page(pages[i]);
			return -EAGAIN; // expect: count-mismatch
		}
	}
	return 0;
}
