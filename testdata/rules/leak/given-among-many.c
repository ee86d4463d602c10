//@ clean
// A function that does many things to pages of others, each in its own way, and on one path gives its callers pages of its own:
// more ways than callers are told of, but those that give something come first. Where paths are given up before pages are taken, it is
// not known whether they would have been dropped there.
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
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // unresolved: too many different paths
	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	return got;
}

int refresh_first_ok(struct ring *ring, unsigned long start)
{
	return refresh_first(ring, start, 16);
}
