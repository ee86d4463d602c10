// A table embedded in an object has its pages as a whole: who walks its entries takes them out of the field that embeds it.
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct region {
	int flags;
	struct sg_table table;
};

struct window {
	int flags;
	struct sg_table entries;
};

int region_pin(struct region *region, struct page **pages, unsigned long start)
{
	int ret;

	if (pin_user_pages_fast(start, 1, FOLL_WRITE, pages) != 1) // balanced
		return -EFAULT;
	ret = sg_alloc_table_from_pages(&region->table, pages, 1, 0, PAGE_SIZE, GFP_KERNEL);
	if (ret)
		unpin_user_page(pages[0]);
	return ret;
}

void region_unpin_ok(struct region *region)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(&region->table, sg, i)
		unpin_user_page(sg_page(sg));
	sg_free_table(&region->table);
}

int window_pin(struct window *window, struct page **pages, unsigned long start)
{
	int ret;

	if (pin_user_pages_fast(start, 1, FOLL_WRITE, pages) != 1)
		return -EFAULT;
	ret = sg_alloc_table_from_pages(&window->entries, pages, 1, 0, PAGE_SIZE, GFP_KERNEL);
	if (ret)
		unpin_user_page(pages[0]);
	return ret;
}

void window_put_bad(struct window *window)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(&window->entries, sg, i)
		put_page(sg_page(sg)); // expect: wrong-put
	sg_free_table(&window->entries);
}
