// A short return is taken for success, and the count beside the array stays what was asked for: the release goes by it.
#include <linux/mm.h>
#include <linux/slab.h>

struct area {
	struct page **pages;
	unsigned int npages;
};

int area_open_bad(struct area *area, unsigned long start)
{
	int got;

	area->pages = kvmalloc_array(area->npages, sizeof(*area->pages), GFP_KERNEL);
	if (!area->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, area->npages, FOLL_LONGTERM, area->pages); // expect: count-mismatch "area.npages"
	if (got < 0) {
		kvfree(area->pages);
		return got;
	}
	return 0;
}

void area_close(struct area *area)
{
	unpin_user_pages(area->pages, area->npages);
	kvfree(area->pages);
}

/* The number that there are is put where the release looks for it. */
struct region {
	struct page **pages;
	unsigned int npages;
};

int region_open_ok(struct region *region, unsigned long start, unsigned int npages)
{
	int got;

	region->pages = kvmalloc_array(npages, sizeof(*region->pages), GFP_KERNEL);
	if (!region->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, npages, FOLL_LONGTERM, region->pages); // balanced
	if (got < 0) {
		kvfree(region->pages);
		return got;
	}
	region->npages = got;
	return 0;
}

void region_close_ok(struct region *region)
{
	unpin_user_pages(region->pages, region->npages);
	kvfree(region->pages);
}

struct umem {
	struct page **pages;
	unsigned int npages;
};

struct user {
	struct umem *umem;
};

static int umem_pin(struct umem *umem, unsigned long start)
{
	int got;

	umem->pages = kvmalloc_array(umem->npages, sizeof(*umem->pages), GFP_KERNEL);
	if (!umem->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, umem->npages, FOLL_LONGTERM, umem->pages); // expect: count-mismatch "umem.npages"
	if (got < 0) {
		kvfree(umem->pages);
		return got;
	}
	return 0;
}

int umem_register(struct user *user, unsigned long start, unsigned int npages)
{
	struct umem *umem = kzalloc(sizeof(*umem), GFP_KERNEL);
	int err;

	if (!umem)
		return -ENOMEM;
	umem->npages = npages;
	err = umem_pin(umem, start);
	if (err) {
		kfree(umem);
		return err;
	}
	user->umem = umem;
	return 0;
}

void umem_put(struct user *user)
{
	unpin_user_pages(user->umem->pages, user->umem->npages);
	kvfree(user->umem->pages);
	kfree(user->umem);
}

/* More paths than are told apart lead here: the count is one or the other, and more than were obtained in either case. */
struct ring {
	struct page **pages;
	unsigned int npages;
	unsigned int flags;
	unsigned int order;
	unsigned int node;
	unsigned int depth;
	unsigned int width;
	unsigned int rate;
};

static int ring_pin_bad(struct ring *ring, unsigned long start)
{
	int got;

	ring->pages = kvmalloc_array(ring->npages, sizeof(*ring->pages), GFP_KERNEL);
	if (!ring->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, ring->npages, FOLL_LONGTERM, ring->pages); // expect: count-mismatch "ring.npages"
	if (got < 0) {
		kvfree(ring->pages);
		return got;
	}
	return 0;
}

int ring_open(struct ring *ring, unsigned long start, unsigned long size, unsigned int flags)
{
	unsigned int n = size / PAGE_SIZE;
	int err;

	if (size % PAGE_SIZE)
		n++;
	ring->npages = n;
	err = ring_pin_bad(ring, start);
	if (err)
		return err;
	ring->flags = 0;
	if (flags & 1)
		ring->flags = flags;
	ring->order = 0;
	if (flags & 4)
		ring->order = flags;
	ring->node = 0;
	if (flags & 16)
		ring->node = flags;
	ring->depth = 0;
	if (flags & 32)
		ring->depth = flags;
	ring->width = 0;
	if (flags & 64)
		ring->width = flags;
	ring->rate = 0;
	if (flags & 128)
		ring->rate = flags;
	return 0;
}

void ring_close(struct ring *ring)
{
	unpin_user_pages(ring->pages, ring->npages);
	kvfree(ring->pages);
}
