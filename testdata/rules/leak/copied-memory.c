// Memory that keeps references is copied as it is, and the original freed: the references are in the copy.
#include <linux/mm.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/bvec.h>
#include <linux/uio.h>

struct request {
	struct page **pages;
	struct bio_vec *bvec;
	int nr;
};

struct batch {
	struct page *pages[16];
	int nr;
};

static int pin(unsigned long addr, int nr, struct page **pages)
{
	int got = pin_user_pages_fast(addr, nr, FOLL_WRITE, pages); // balanced

	if (got < 0)
		return got;
	if (got < nr) {
		unpin_user_pages(pages, got);
		return -EFAULT;
	}
	return 0;
}

/* An array of pages. */
int array_ok(unsigned long addr, int nr)
{
	struct page **old, **new;
	int got;

	old = kmalloc_array(nr, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, FOLL_WRITE, old); // balanced
	if (got <= 0)
		goto free;
	new = kmalloc_array(2 * nr, sizeof(*new), GFP_KERNEL);
	if (!new) {
		unpin_user_pages(old, got);
		goto free;
	}
	memcpy(new, old, got * sizeof(*old));
	kfree(old);
	unpin_user_pages_dirty_lock(new, got, true);
	kfree(new);
	return 0;
free:
	kfree(old);
	return -EFAULT;
}

int array_bad(unsigned long addr, int nr)
{
	struct page **old, **new;
	int got;

	old = kmalloc_array(nr, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, 0, old);
	if (got <= 0)
		goto free;
	new = kmalloc_array(2 * nr, sizeof(*new), GFP_KERNEL);
	if (!new) {
		unpin_user_pages(old, got);
		goto free;
	}
	memcpy(new, old, got * sizeof(*old));
	kfree(old);
	kfree(new); // expect: leak
	return 0;
free:
	kfree(old);
	return -EFAULT;
}

/* One by one out of the copy, which is a duplicate. */
int duplicate_ok(unsigned long addr, int nr)
{
	struct page *old[16], **new;
	int got, i;

	got = pin_user_pages_fast(addr, min(nr, 16), 0, old); // balanced
	if (got <= 0)
		return -EFAULT;
	new = kmemdup(old, got * sizeof(*old), GFP_KERNEL);
	if (!new) {
		unpin_user_pages(old, got);
		return -ENOMEM;
	}
	for (i = 0; i < got; i++)
		unpin_user_page(new[i]);
	kfree(new);
	return 0;
}

/* An array of structures. */
static int fill(unsigned long addr, int nr, struct bio_vec *bvec)
{
	struct page *pages[16];
	int got, i;

	got = pin_user_pages_fast(addr, min(nr, 16), 0, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		bvec[i].bv_page = pages[i];
		bvec[i].bv_len = PAGE_SIZE;
		bvec[i].bv_offset = 0;
	}
	return got;
}

static void drop(struct bio_vec *bvec, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		unpin_user_page(bvec[i].bv_page);
}

int structures_ok(unsigned long addr, int nr)
{
	struct bio_vec *bvec, *copy;
	int got;

	bvec = kmalloc_array(16, sizeof(*bvec), GFP_KERNEL);
	if (!bvec)
		return -ENOMEM;
	got = fill(addr, nr, bvec);
	if (got <= 0)
		goto free;
	copy = kmalloc_array(got, sizeof(*copy), GFP_KERNEL);
	if (!copy) {
		drop(bvec, got);
		goto free;
	}
	memcpy(copy, bvec, got * sizeof(*bvec));
	kfree(bvec);
	drop(copy, got);
	kfree(copy);
	return 0;
free:
	kfree(bvec);
	return -ENOMEM;
}

int structures_bad(unsigned long addr, int nr)
{
	struct bio_vec *bvec, *copy;
	int got;

	bvec = kmalloc_array(16, sizeof(*bvec), GFP_KERNEL);
	if (!bvec)
		return -ENOMEM;
	got = fill(addr, nr, bvec);
	if (got <= 0)
		goto free;
	copy = kmalloc_array(got, sizeof(*copy), GFP_KERNEL);
	if (!copy) {
		drop(bvec, got);
		goto free;
	}
	memcpy(copy, bvec, got * sizeof(*bvec));
	kfree(bvec);
	kfree(copy); // expect: leak
	return 0;
free:
	kfree(bvec);
	return -ENOMEM;
}

/* The helper knows nothing of what it copies. */
static int take_over(struct request *req, struct bio_vec *bvec, int nr)
{
	req->bvec = kmalloc_array(nr, sizeof(*bvec), GFP_KERNEL);
	if (!req->bvec)
		return -ENOMEM;
	memcpy(req->bvec, bvec, nr * sizeof(*bvec));
	req->nr = nr;
	return 0;
}

int helper_ok(unsigned long addr, int nr)
{
	struct bio_vec stack[16];
	struct request req;
	int got;

	got = fill(addr, nr, stack);
	if (got <= 0)
		return got;
	if (take_over(&req, stack, got)) {
		drop(stack, got);
		return -ENOMEM;
	}
	drop(req.bvec, got);
	kfree(req.bvec);
	return 0;
}

int helper_bad(unsigned long addr, int nr)
{
	struct bio_vec *bvec;
	struct request req;
	int got;

	bvec = kmalloc_array(16, sizeof(*bvec), GFP_KERNEL);
	if (!bvec)
		return -ENOMEM;
	got = fill(addr, nr, bvec);
	if (got <= 0)
		goto free;
	if (take_over(&req, bvec, got)) {
		drop(bvec, got);
		goto free;
	}
	kfree(bvec);
	kfree(req.bvec); // expect: leak
	return 0;
free:
	kfree(bvec);
	return -ENOMEM;
}

/* It also drops them, out of the copy. */
static void drop_copied(struct page **pages, int nr)
{
	struct page *copy[16];

	memcpy(copy, pages, nr * sizeof(*pages));
	unpin_user_pages(copy, nr);
}

int dropped_ok(unsigned long addr)
{
	struct page *pages[16];

	if (pin(addr, 16, pages))
		return -EFAULT;
	drop_copied(pages, 16);
	return 0;
}

/* An array inside a structure, and a single page. */
int inside_ok(unsigned long addr)
{
	struct batch *old, *new;

	old = kmalloc(sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	if (pin(addr, 16, old->pages)) {
		kfree(old);
		return -EFAULT;
	}
	new = kmemdup(old, sizeof(*old), GFP_KERNEL);
	if (!new) {
		unpin_user_pages(old->pages, 16);
		kfree(old);
		return -ENOMEM;
	}
	kfree(old);
	unpin_user_pages(new->pages, 16);
	kfree(new);
	return 0;
}

int inside_bad(unsigned long addr)
{
	struct batch *old, *new;

	old = kmalloc(sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, 0, old->pages) != 1) {
		kfree(old);
		return -EFAULT;
	}
	new = kmemdup(old, sizeof(*old), GFP_KERNEL);
	if (!new) {
		unpin_user_page(old->pages[0]);
		kfree(old);
		return -ENOMEM;
	}
	kfree(old);
	kfree(new); // expect: leak
	return 0;
}

int single_ok(unsigned long addr, struct bio_vec *list)
{
	struct bio_vec bvec;
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	bvec.bv_page = page;
	memcpy(&list[3], &bvec, sizeof(bvec));
	unpin_user_page(list[3].bv_page);
	return 0;
}

/* The front of the array is dropped, and what is left moved there. */
int moved_ok(unsigned long addr, int nr, int done)
{
	struct page **pages;
	int got;

	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, 0, pages); // balanced
	if (got > 0) {
		if (done < 0 || done > got)
			done = got;
		unpin_user_pages(pages, done);
		memmove(pages, pages + done, (got - done) * sizeof(*pages));
		unpin_user_pages(pages, got - done);
	}
	kfree(pages);
	return 0;
}

int moved_bad(unsigned long addr, int nr, int done)
{
	struct page **pages;
	int got;

	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, 0, pages);
	if (got > 8) {
		unpin_user_pages(pages, 8);
		memmove(pages, pages + 8, (got - 8) * sizeof(*pages));
	} else if (got > 0) {
		unpin_user_pages(pages, got);
	}
	kfree(pages); // expect: count-mismatch
	return 0;
}

/* Nobody knows where to, here. */
void *room_for(int nr);

int unknown_ok(unsigned long addr, int nr)
{
	struct page **pages;
	void *room = room_for(nr);
	int got;

	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, 0, pages); // unresolved: kept in memory
	if (got > 0)
		memcpy(room, pages, got * sizeof(*pages));
	kfree(pages);
	return 0;
}

static void to_room(struct page **pages, int nr)
{
	memcpy(room_for(nr), pages, nr * sizeof(*pages));
}

int unknown_by_helper_ok(unsigned long addr, int nr)
{
	struct page **pages;
	int got;

	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, 0, pages); // unresolved: kept in memory
	if (got > 0)
		to_room(pages, got);
	kfree(pages);
	return 0;
}
