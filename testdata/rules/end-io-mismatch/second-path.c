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

static void either_ok(struct work_struct *work)
{
	struct io *io = container_of(work, struct io, work);

	if (io->dirty)
		unpin_user_pages_dirty_lock(&io->page, 1, true);
	else
		unpin_user_page(io->page);
	kfree(io);
}

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

int queue_either_ok(unsigned long addr, bool dirty)
{
	struct io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &io->page) != 1) { // balanced
		kfree(io);
		return -EFAULT;
	}
	io->dirty = dirty;
	INIT_WORK(&io->work, either_ok);
	schedule_work(&io->work);
	return 0;
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
