// An array that is filled again while it is the only home of references, at once and in a loop.
#include <linux/mm.h>
#include <linux/slab.h>

int twice_bad(unsigned long start, struct page **pages)
{
	int got;

	got = pin_user_pages_fast(start, 4, 0, pages);
	if (got <= 0)
		return -EFAULT;
	got = pin_user_pages_fast(start, 4, 0, pages); // expect: leak
	if (got > 0)
		unpin_user_pages(pages, got);
	return 0;
}

int twice_ok(unsigned long start, struct page **pages)
{
	int got, more;

	got = pin_user_pages_fast(start, 4, 0, pages);
	if (got <= 0)
		return -EFAULT;
	more = pin_user_pages_fast(start, 4, 0, pages + got);
	if (more > 0)
		unpin_user_pages(pages + got, more);
	unpin_user_pages(pages, got);
	return 0;
}

// Ok: a batch at a time.
int batches_ok(unsigned long start, unsigned long left, struct page **pages)
{
	while (left) {
		long got = pin_user_pages_fast(start, min(left, 16UL), 0, pages);

		if (got <= 0)
			return -EFAULT;
		unpin_user_pages(pages, got);
		start += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

// Bad: the batch before is forgotten.
int batches_bad(unsigned long start, unsigned long left, struct page **pages)
{
	while (left) {
		long got = pin_user_pages_fast(start, min(left, 16UL), 0, pages); // expect: leak

		if (got <= 0)
			return -EFAULT;
		start += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

struct ring {
	struct page *slots[64];
	unsigned int head;
};

void drop_oldest(struct ring *ring, unsigned int at)
{
	unpin_user_page(ring->slots[at % 64]);
}

// Ok: the pages live on elsewhere.
int batches_kept_ok(struct ring *ring, unsigned long start, unsigned long left)
{
	struct page *pages[16];

	while (left) {
		long got = pin_user_pages_fast(start, min(left, 16UL), 0, pages); // balanced
		long i;

		if (got <= 0)
			return -EFAULT;
		for (i = 0; i < got; i++)
			ring->slots[ring->head++ % 64] = pages[i];
		start += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}

struct other_ring {
	struct page *others[64];
	unsigned int head;
};

// Bad: nobody ever takes them out.
int batches_left_bad(struct other_ring *ring, unsigned long start, unsigned long left)
{
	struct page *pages[16];

	while (left) {
		long got = pin_user_pages_fast(start, min(left, 16UL), 0, pages); // expect: leak "nobody takes out of struct other_ring.others"
		long i;

		if (got <= 0)
			return -EFAULT;
		for (i = 0; i < got; i++)
			ring->others[ring->head++ % 64] = pages[i];
		start += got * PAGE_SIZE;
		left -= got;
	}
	return 0;
}
