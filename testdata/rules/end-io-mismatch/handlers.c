// A completion releases what its submitter took, or not.
#include <linux/bio.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct io {
	struct page *page;
	bool dirty;
	struct work_struct work;
};

static void unpins(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	unpin_user_page(io->page);
	kfree(io);
}

static void puts_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	put_page(io->page); // expect: end-io-mismatch "pages from pin_user_pages_fast() by put_page()"
	kfree(io);
}

static void forgets(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	kfree(io);
}

static void unpins_in_two_ways(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	if (io->dirty)
		unpin_user_pages_dirty_lock(&io->page, 1, true);
	else
		unpin_user_page(io->page);
	kfree(io);
}

static void puts_on_one_path_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	if (io->dirty) {
		unpin_user_pages_dirty_lock(&io->page, 1, true);
	} else {
		put_page(io->page); // expect: end-io-mismatch "pages from pin_user_pages_fast() by put_page()"
	}
	kfree(io);
}

static void puts_on_both_paths_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	if (io->dirty) {
		set_page_dirty_lock(io->page);
		put_page(io->page); // expect: end-io-mismatch "pages from pin_user_pages_fast() by put_page()"
	} else {
		put_page(io->page); // expect: end-io-mismatch "pages from pin_user_pages_fast() by put_page()"
	}
	kfree(io);
}

static void unpins_twice_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	unpin_user_page(io->page);
	if (io->dirty)
		unpin_user_page(io->page); // expect: double-put
	kfree(io);
}

static struct io *pinned(unsigned long addr)
{
	struct io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return NULL;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &io->page) != 1) {
		kfree(io);
		return NULL;
	}
	return io;
}

int queued_ok(unsigned long addr)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	INIT_WORK(&io->work, unpins);
	schedule_work(&io->work);
	return 0;
}

int either_way_ok(unsigned long addr, bool dirty)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	io->dirty = dirty;
	INIT_WORK(&io->work, unpins_in_two_ways);
	schedule_work(&io->work);
	return 0;
}

/* Told at the release. */
int put_by_puts(unsigned long addr)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	INIT_WORK(&io->work, puts_bad);
	schedule_work(&io->work);
	return 0;
}

int forgotten_bad(unsigned long addr)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	INIT_WORK(&io->work, forgets);
	schedule_work(&io->work); // expect: end-io-mismatch "forgets() ends what holds references"
	return 0;
}

int put_on_one_path(unsigned long addr, bool dirty)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	io->dirty = dirty;
	INIT_WORK(&io->work, puts_on_one_path_bad);
	schedule_work(&io->work);
	return 0;
}

int put_on_both_paths(unsigned long addr, bool dirty)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	io->dirty = dirty;
	INIT_WORK(&io->work, puts_on_both_paths_bad);
	schedule_work(&io->work);
	return 0;
}

int unpinned_twice(unsigned long addr, bool dirty)
{
	struct io *io = pinned(addr);

	if (!io)
		return -ENOMEM;
	io->dirty = dirty;
	INIT_WORK(&io->work, unpins_twice_bad);
	schedule_work(&io->work);
	return 0;
}
