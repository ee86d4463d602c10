// User pages travel in a scatterlist, which keeps no reference of its own.
#include <linux/scatterlist.h>
#include <linux/slab.h>

void device_start(dma_addr_t address);

static int fill_table(struct sg_table *table, struct page **pages, int n)
{
	return sg_alloc_table_from_pages(table, pages, n, 0, (unsigned long)n << PAGE_SHIFT, GFP_KERNEL);
}

int table_put_bad(unsigned long start, struct page **pages, int n)
{
	struct scatterlist *sg;
	struct sg_table table;
	int i, ret;

	ret = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	if (ret != n) {
		if (ret > 0)
			unpin_user_pages(pages, ret);
		return -EFAULT;
	}
	ret = sg_alloc_table(&table, n, GFP_KERNEL);
	if (ret) {
		unpin_user_pages(pages, n);
		return ret;
	}
	for_each_sg(table.sgl, sg, n, i)
		sg_set_page(sg, pages[i], PAGE_SIZE, 0);

	for_each_sg(table.sgl, sg, n, i)
		put_page(sg_page(sg)); // expect: wrong-put
	sg_free_table(&table);
	return 0;
}

/* The array is a home as well: what was put in the table is released from the array. */
int table_from_pages_ok(unsigned long start, struct page **pages, int n)
{
	struct sg_table table;
	int ret;

	ret = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced
	if (ret != n) {
		if (ret > 0)
			unpin_user_pages(pages, ret);
		return -EFAULT;
	}
	ret = fill_table(&table, pages, n);
	if (ret)
		goto unpin;
	device_start(table.sgl->dma_address);
	sg_free_table(&table);
unpin:
	unpin_user_pages_dirty_lock(pages, n, ret == 0);
	return ret;
}

int table_of_one_bad(unsigned long addr)
{
	struct scatterlist sg;
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE, 0);
	put_page(sg_page(&sg)); // expect: wrong-put
	return 0;
}

int table_of_one_ok(unsigned long addr)
{
	struct scatterlist sg;
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE, 0);
	unpin_user_page(sg_page(&sg));
	return 0;
}
