// A number that is subtracted from ULONG_MAX leaves a large one: what comes after such a check of a size is reached.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct mapping {
	struct page **pages;
	unsigned long nr;
};

int map_bad(struct mapping *m, unsigned long addr, unsigned long size)
{
	unsigned long offset = addr & (PAGE_SIZE - 1);
	int got;

	if (size > ULONG_MAX - PAGE_SIZE - offset)
		return -EINVAL;
	m->nr = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
	m->pages = kcalloc(m->nr, sizeof(struct page *), GFP_KERNEL);
	if (!m->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr & PAGE_MASK, m->nr, FOLL_WRITE, m->pages);
	if (got == m->nr)
		return 0;
	kfree(m->pages); // expect: partial-leak
	m->pages = NULL;
	return -EFAULT;
}

void unmap(struct mapping *m)
{
	unpin_user_pages_dirty_lock(m->pages, m->nr, true);
	kfree(m->pages);
	m->pages = NULL;
}
