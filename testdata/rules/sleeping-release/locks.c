// The page lock may have to be waited for.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct queue {
	spinlock_t lock;
	struct page *page;
};

void drop_locked_bad(struct queue *queue)
{
	spin_lock(&queue->lock);
	unpin_user_pages_dirty_lock(&queue->page, 1, true); // expect: sleeping-release
	queue->page = NULL;
	spin_unlock(&queue->lock);
}

void drop_unlocked_ok(struct queue *queue)
{
	struct page *page;

	spin_lock(&queue->lock);
	page = queue->page;
	queue->page = NULL;
	spin_unlock(&queue->lock);
	if (page)
		unpin_user_pages_dirty_lock(&page, 1, true);
}

/* Without dirtying nobody waits. */
void drop_clean_ok(struct queue *queue)
{
	spin_lock(&queue->lock);
	unpin_user_pages_dirty_lock(&queue->page, 1, false);
	spin_unlock(&queue->lock);
}

void drop_clean_too_ok(struct queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	set_page_dirty(queue->page);
	unpin_user_page(queue->page);
	spin_unlock_irqrestore(&queue->lock, flags);
}

static void lock_queue(struct queue *queue)
{
	spin_lock(&queue->lock);
}

static void drop_page(struct queue *queue)
{
	set_page_dirty_lock(queue->page);
	unpin_user_page(queue->page);
}

void drop_by_helpers_bad(struct queue *queue)
{
	lock_queue(queue);
	drop_page(queue); // expect: sleeping-release
	spin_unlock(&queue->lock);
}

/* The helper lets go of the lock meanwhile. */
static void drop_between(struct queue *queue)
{
	spin_unlock(&queue->lock);
	set_page_dirty_lock(queue->page);
	unpin_user_page(queue->page);
	spin_lock(&queue->lock);
}

void drop_between_locks_ok(struct queue *queue)
{
	spin_lock(&queue->lock);
	drop_between(queue);
	spin_unlock(&queue->lock);
}

int take_and_drop_bad(struct queue *queue, unsigned long addr)
{
	struct page *page;
	unsigned long flags;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	spin_lock_irqsave(&queue->lock, flags);
	set_page_dirty_lock(page); // expect: sleeping-release
	spin_unlock_irqrestore(&queue->lock, flags);
	unpin_user_page(page);
	return 0;
}
