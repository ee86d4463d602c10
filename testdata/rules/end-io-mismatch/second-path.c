// A completion with two paths: the release of either must fit.
#include <linux/bio.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct io {
	struct page *page;
	bool dirty;
	struct work_struct work;
};

static void either_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	if (io->dirty) {
		unpin_user_pages_dirty_lock(&io->page, 1, true);
	} else {
		put_page(io->page); // expect: end-io-mismatch "pages from pin_user_pages_fast() by put_page()"
	}
	kfree(io);
}

int queue_either_wrongly(unsigned long addr, bool dirty)
{
	struct io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &io->page) != 1) {
		kfree(io);
		return -EFAULT;
	}
	io->dirty = dirty;
	INIT_WORK(&io->work, either_bad);
	schedule_work(&io->work);
	return 0;
}

static void both_bad(struct work_struct *work)
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

int queue_both_wrongly(unsigned long addr, bool dirty)
{
	struct io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, 0, &io->page) != 1) {
		kfree(io);
		return -EFAULT;
	}
	io->dirty = dirty;
	INIT_WORK(&io->work, both_bad);
	schedule_work(&io->work);
	return 0;
}

static void twice_bad(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	unpin_user_page(io->page);
	if (io->dirty)
		unpin_user_page(io->page); // expect: double-put
	kfree(io);
}

int queue_twice(unsigned long addr, bool dirty)
{
	struct io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, 0, &io->page) != 1) {
		kfree(io);
		return -EFAULT;
	}
	io->dirty = dirty;
	INIT_WORK(&io->work, twice_bad);
	schedule_work(&io->work);
	return 0;
}
