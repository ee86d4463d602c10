// Pages are kept in an object that a helper makes and gives to its caller: the caller knows them by the object's fields.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/scatterlist.h>

struct window {
	struct page **pages;
	unsigned int npages;
	struct sg_table *table;
};

static int make_window(unsigned long addr, unsigned int n, struct window **out)
{
	struct window *window = kzalloc(sizeof(*window), GFP_KERNEL);
	int got;

	if (!window)
		return -ENOMEM;
	window->pages = kcalloc(n, sizeof(*window->pages), GFP_KERNEL);
	if (!window->pages)
		goto free_window;
	got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, window->pages);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(window->pages, got);
		kfree(window->pages);
		goto free_window;
	}
	window->npages = n;
	*out = window;
	return 0;
free_window:
	kfree(window);
	return -ENOMEM;
}

int windowOk(unsigned long addr, unsigned int n)
{
	struct window *window;
	int ret = make_window(addr, n, &window);

	if (ret)
		return ret;
	unpin_user_pages(window->pages, window->npages);
	kfree(window->pages);
	kfree(window);
	return 0;
}

int windowBad(unsigned long addr, unsigned int n)
{
	struct window *window;
	int ret = make_window(addr, n, &window);

	if (ret)
		return ret;
	release_pages(window->pages, window->npages); // expect: wrong-put
	kfree(window->pages);
	kfree(window);
	return 0;
}

/* A table that lists them as well is another home, and does not take their name. */
static int fill_window(struct window *window, unsigned long addr, unsigned int n)
{
	int got;

	window->pages = kcalloc(n, sizeof(*window->pages), GFP_KERNEL);
	if (!window->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, window->pages);
	if (got != n)
		goto drop;
	if (sg_alloc_table_from_pages(window->table, window->pages, n, 0, (unsigned long)n * PAGE_SIZE, GFP_KERNEL))
		goto drop;
	window->npages = n;
	return 0;
drop:
	if (got > 0)
		unpin_user_pages(window->pages, got);
	kfree(window->pages);
	return -EFAULT;
}

int tableOk(struct window *window, unsigned long addr, unsigned int n)
{
	int ret = fill_window(window, addr, n);

	if (ret)
		return ret;
	unpin_user_pages(window->pages, window->npages);
	kfree(window->pages);
	sg_free_table(window->table);
	return 0;
}

int tableBad(struct window *window, unsigned long addr, unsigned int n)
{
	int ret = fill_window(window, addr, n);

	if (ret)
		return ret;
	release_pages(window->pages, window->npages); // expect: wrong-put
	kfree(window->pages);
	sg_free_table(window->table);
	return 0;
}

/* A namesake in another structure is written by a function that is not looked into. */
struct pack {
	unsigned long *pages;
	unsigned int npages;
};

static void fill_pack(struct pack *pack, unsigned long *space, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		pack->pages = space + i;
		pack->npages = i;
	}
}

int namesakeOk(struct pack *pack, unsigned long *space, unsigned long addr, unsigned int n)
{
	struct window *window;
	int ret = make_window(addr, n, &window);

	if (ret)
		return ret;
	fill_pack(pack, space, n);
	unpin_user_pages(window->pages, window->npages);
	kfree(window->pages);
	kfree(window);
	return 0;
}

int namesakeBad(struct pack *pack, unsigned long *space, unsigned long addr, unsigned int n)
{
	struct window *window;
	int ret = make_window(addr, n, &window);

	if (ret)
		return ret;
	fill_pack(pack, space, n);
	release_pages(window->pages, window->npages); // expect: wrong-put
	kfree(window->pages);
	kfree(window);
	return 0;
}
