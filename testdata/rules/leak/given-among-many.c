// A function that does many things to pages of others, each in its own way, and on one path gives its callers pages of its own: more ways
// than callers are told of. Those that give the same are told as one, which may have dropped any of the others' pages or none; so that what is
// given is released, and what a caller does behind the other ways is seen.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

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

/* A root knows by no name whose pages it dropped, but what it made itself. */
struct job {
	struct list_head list;
	struct page *page;
};

static LIST_HEAD(jobs);

int refresh_and_queue_bad(struct ring *ring, bool is_queued, unsigned long start)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return -ENOMEM;
	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &job->page) != 1) {
		kfree(job);
		return -EFAULT;
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
	if (is_queued)
		list_add(&job->list, &jobs);
	return 0; // expect: leak "pin_user_pages_fast"
}

void end_jobs(void)
{
	struct job *job, *next;

	list_for_each_entry_safe(job, next, &jobs, list) {
		list_del(&job->list);
		unpin_user_page(job->page);
		kfree(job);
	}
}

/* What is found in a global's field may be what the caller put there. */
static struct job *staged;

static void queue_staged(void)
{
	list_add(&staged->list, &jobs);
}

int queue_ok(unsigned long start)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return -ENOMEM;
	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &job->page) != 1) { // balanced
		kfree(job);
		return -EFAULT;
	}
	staged = job;
	queue_staged();
	staged = NULL;
	return 0;
}

/* No argument leads to the ring's pages. */
static struct ring the_ring;

static void refresh_global(void)
{
	if (the_ring.head)
		put_page(the_ring.head);
	if (the_ring.tail)
		put_page(the_ring.tail);
	if (the_ring.status)
		put_page(the_ring.status);
	if (the_ring.doorbell)
		put_page(the_ring.doorbell);
	if (the_ring.spare)
		put_page(the_ring.spare);
	if (the_ring.scratch)
		put_page(the_ring.scratch);
}

int refresh_global_twice(unsigned long start)
{
	if (get_user_pages_fast(start, 1, FOLL_WRITE, &the_ring.head) != 1) // unresolved: too many different outcomes
		return -EFAULT;
	refresh_global();
	put_page(the_ring.head);
	the_ring.head = NULL;
	return 0;
}

/* Who takes another reference may have been told that it may be dropped. */
static void hold_all(struct ring *ring)
{
	if (ring->head)
		get_page(ring->head);
	if (ring->tail)
		get_page(ring->tail);
	if (ring->status)
		get_page(ring->status);
	if (ring->doorbell)
		get_page(ring->doorbell);
	if (ring->spare)
		get_page(ring->spare);
	if (ring->scratch)
		get_page(ring->scratch);
}

int hold_all_ok(struct ring *ring, unsigned long start)
{
	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &ring->head) != 1) // unresolved: some of which take another reference
		return -EFAULT;
	hold_all(ring);
	put_page(ring->head);
	unpin_user_page(ring->head);
	ring->head = NULL;
	return 0;
}

/* The ring's pages may have been dropped, or not. */
int refresh_own_ok(struct ring *ring, unsigned long start)
{
	struct page *pages[16];
	int got;

	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &ring->head) != 1) // unresolved: too many different outcomes
		return -EFAULT;
	got = refresh_shared(ring, start, 16, pages);
	if (got > 0)
		unpin_user_pages_dirty_lock(pages, got, true);
	unpin_user_page(ring->head);
	ring->head = NULL;
	return got;
}

/* Within one function they are paths, and those beyond the limit are given up: whatever is taken behind them is not decided. */
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
