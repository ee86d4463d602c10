// A function that does many things to pages of others, each in its own way, and on one path gives its callers pages of its own: more ways
// than callers are told of. Those that give the same are told as one, which may have dropped any of the others' pages or none; so that what is
// given is released, and what a caller does behind the other ways is seen.
#include <linux/mm.h>

struct ring {
	struct page *head, *tail, *status, *doorbell, *spare, *scratch;
	int is_new;
};

static int refresh(struct ring *ring, unsigned long start, int nr, struct page **pages)
{
	if (ring->is_new) {
		put_page(ring->head);
		put_page(ring->tail);
		put_page(ring->status);
		put_page(ring->doorbell);
		put_page(ring->spare);
		put_page(ring->scratch);
		return pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	}
	if (ring->head)
		put_page(ring->head);
	if (ring->tail)
		put_page(ring->tail);
	if (ring->status)
		put_page(ring->status);
	if (ring->doorbell)
		put_page(ring->doorbell);
	if (ring->spare)
		put_page(ring->spare);
	if (ring->scratch)
		put_page(ring->scratch);
	return 0;
}

int refresh_ok(struct ring *ring, unsigned long start)
{
	struct page *pages[16];
	int got = refresh(ring, start, 16, pages);

	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	return got;
}

static int refresh_shared(struct ring *ring, unsigned long start, int nr, struct page **pages)
{
	if (ring->is_new)
		return pin_user_pages_fast(start, nr, FOLL_WRITE, pages);
	if (ring->head)
		put_page(ring->head);
	if (ring->tail)
		put_page(ring->tail);
	if (ring->status)
		put_page(ring->status);
	if (ring->doorbell)
		put_page(ring->doorbell);
	if (ring->spare)
		put_page(ring->spare);
	if (ring->scratch)
		put_page(ring->scratch);
	return 0;
}

/* What is given is lost. */
int refresh_lost_bad(struct ring *ring, unsigned long start)
{
	struct page *pages[16];
	int got = refresh_shared(ring, start, 16, pages);

	return got; // expect: leak "pin_user_pages_fast"
}

/* Where nothing is given, a page is taken, and lost. */
int refresh_later_bad(struct ring *ring, unsigned long start)
{
	struct page *pages[16], *page;
	int got = refresh_shared(ring, start, 16, pages);

	if (got > 0) {
		unpin_user_pages_dirty_lock(pages, got, true);
		return got;
	}
	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	return 0; // expect: leak "pin_user_pages_fast"
}

/* The ring's pages may have been dropped, or not. */
int refresh_own_ok(struct ring *ring, unsigned long start)
{
	struct page *pages[16];
	int got;

	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &ring->head) != 1) // unresolved: refresh_shared() is not fully understood
		return -EFAULT;
	got = refresh_shared(ring, start, 16, pages);
	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	unpin_user_page(ring->head);
	ring->head = NULL;
	return got;
}

/* The same within one function: more ways to come to the acquisition than are kept apart. */
static int refresh_first(struct ring *ring, unsigned long start, int nr)
{
	struct page *pages[16];
	int got;

	if (ring->head)
		put_page(ring->head);
	if (ring->tail)
		put_page(ring->tail);
	if (ring->status)
		put_page(ring->status);
	if (ring->doorbell)
		put_page(ring->doorbell);
	if (ring->spare)
		put_page(ring->spare);
	if (ring->scratch)
		put_page(ring->scratch);
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	return got;
}

int refresh_first_ok(struct ring *ring, unsigned long start)
{
	return refresh_first(ring, start, 16);
}

/* And behind the last of them. */
static int refresh_all_but_one_bad(struct ring *ring, unsigned long start, int nr)
{
	struct page *pages[16];
	int got;

	if (ring->head)
		put_page(ring->head);
	if (ring->tail)
		put_page(ring->tail);
	if (ring->status)
		put_page(ring->status);
	if (ring->doorbell)
		put_page(ring->doorbell);
	if (ring->spare)
		put_page(ring->spare);
	if (ring->scratch)
		put_page(ring->scratch);
	if (!ring->is_new && !ring->scratch && !ring->spare && !ring->head) {
		got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages);
		if (got > 1)
			unpin_user_pages_dirty_lock(pages + 1, got - 1, true);
		return got; // expect: count-mismatch "fewer pages"
	}
	return 0;
}

int refresh_all_but_one(struct ring *ring, unsigned long start)
{
	return refresh_all_but_one_bad(ring, start, 16);
}
