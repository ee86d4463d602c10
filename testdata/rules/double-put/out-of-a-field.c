// What is found in a field is dropped twice on one path. Who left it there left one reference a page.
#include <linux/mm.h>
#include <linux/slab.h>

struct region {
	struct page **pages;
	int n_pages;
};

int region_pin(struct region *region, unsigned long start, int n)
{
	region->n_pages = pin_user_pages_fast(start, n, FOLL_WRITE, region->pages);
	return region->n_pages <= 0 ? -EFAULT : 0;
}

/* By two calls, one of which says that the pages were written to. */
void region_release_bad(struct region *region, bool dirty)
{
	if (region->n_pages <= 0)
		return;
	if (dirty)
		unpin_user_pages_dirty_lock(region->pages, region->n_pages, true);
	unpin_user_pages(region->pages, region->n_pages); // expect: double-put
	region->n_pages = 0;
}

struct window {
	struct page **pages;
	int n_pages;
};

int window_pin(struct window *window, unsigned long start, int n)
{
	window->n_pages = pin_user_pages_fast(start, n, FOLL_WRITE, window->pages);
	return window->n_pages <= 0 ? -EFAULT : 0;
}

/* In each turn of a loop. */
void window_release_bad(struct window *window)
{
	int i;

	for (i = 0; i < window->n_pages; i++) {
		set_page_dirty_lock(window->pages[i]);
		unpin_user_page(window->pages[i]);
		unpin_user_page(window->pages[i]); // expect: double-put
	}
	window->n_pages = 0;
}

struct frame {
	struct page **pages;
	int n_pages;
};

int frame_pin(struct frame *frame, unsigned long start, int n)
{
	frame->n_pages = pin_user_pages_fast(start, n, FOLL_WRITE, frame->pages); // balanced
	if (frame->n_pages <= 0)
		return -EFAULT;
	return 0;
}

void frame_refill(struct frame *frame);

/* Not the same pages the second time; and one way or the other. */
void frame_release_ok(struct frame *frame, bool again, bool dirty)
{
	if (again) {
		if (frame->n_pages > 0)
			unpin_user_pages(frame->pages, frame->n_pages);
		frame_refill(frame);
	}
	if (frame->n_pages <= 0)
		return;
	if (dirty)
		unpin_user_pages_dirty_lock(frame->pages, frame->n_pages, true);
	else
		unpin_user_pages(frame->pages, frame->n_pages);
	frame->n_pages = 0;
}

struct shared {
	struct page *page;
};

int shared_take(struct shared *shared, unsigned long addr)
{
	if (get_user_pages_fast(addr, 1, 0, &shared->page) != 1) // balanced
		return -EFAULT;
	return 0;
}

/* A reference more for the device. */
void shared_lend(struct shared *shared)
{
	get_page(shared->page);
}

void shared_drop_ok(struct shared *shared)
{
	put_page(shared->page);
	put_page(shared->page);
}

/* The helper is wrong by itself, not those who call it. */
static void drop_both_bad(struct page **pages, int n, bool dirty)
{
	if (dirty)
		unpin_user_pages_dirty_lock(pages, n, true);
	unpin_user_pages(pages, n); // expect: double-put
}

int with_helper(unsigned long start, struct page **pages, int n, bool dirty)
{
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got <= 0)
		return -EFAULT;
	if (got < n) {
		drop_both_bad(pages, got, false);
		return -EAGAIN;
	}
	drop_both_bad(pages, got, dirty);
	return 0;
}

static void drop_one_way(struct page **pages, int n, bool dirty)
{
	if (dirty)
		unpin_user_pages_dirty_lock(pages, n, true);
	else
		unpin_user_pages(pages, n);
}

/* Here it is the caller that is wrong. */
int both_ways_bad(unsigned long start, struct page **pages, int n)
{
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got <= 0)
		return -EFAULT;
	drop_one_way(pages, got, true);
	drop_one_way(pages, got, false); // expect: double-put
	return 0;
}
