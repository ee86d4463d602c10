// A callee takes the reference over: always, only on failure, or only when a flag says so.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct entry {
	struct list_head node;
	struct page *page;
};

static LIST_HEAD(queue);
static unsigned int queued;

static int try_map(struct page *page)
{
	return page_to_nid(page) ? -EIO : 0;
}

/* Always consumes: queued, or dropped. */
static int enqueue(struct page *page)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry) {
		put_page(page);
		return -ENOMEM;
	}
	entry->page = page;
	list_add_tail(&entry->node, &queue);
	queued++;
	return 0;
}

void drain_queue(void)
{
	struct entry *entry, *next;

	list_for_each_entry_safe(entry, next, &queue, node) {
		list_del(&entry->node);
		put_page(entry->page);
		kfree(entry);
	}
}

int enqueue_user_page_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	return enqueue(page);
}

/* Consumes only when told that it may. */
static int handle(struct page *page, bool consume)
{
	int ret = try_map(page);

	if (consume)
		put_page(page);
	return ret;
}

int by_flag_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1) // balanced
		return -EFAULT;
	return handle(page, true);
}

int by_flag_bad(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	return handle(page, false); // expect: leak
}

/* The failing step consumed its page, so the undo begins at the next one. */
static int add_or_drop(struct page *page)
{
	int ret = try_map(page);

	put_page(page);
	return ret;
}

int loop_ok(unsigned long start)
{
	struct page *pages[8];
	int i, ret = 0, got = get_user_pages_fast(start, 8, 0, pages);

	for (i = 0; i < got; i++) {
		ret = add_or_drop(pages[i]);
		if (ret) {
			for (i++; i < got; i++)
				put_page(pages[i]);
			break;
		}
	}
	return ret;
}

int loop_bad(unsigned long start)
{
	struct page *pages[8];
	int i, ret = 0, got = get_user_pages_fast(start, 8, 0, pages);

	for (i = 0; i < got; i++) {
		ret = add_or_drop(pages[i]);
		if (ret)
			break;
	}
	return ret; // expect: count-mismatch
}
