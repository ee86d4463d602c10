// Pages go into a table, and a later call walks the table page by page, whatever its entries cover.
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct bound_ok {
	struct sg_table table;
};

struct bound_bad {
	struct sg_table table;
};

int bound_pin_ok(struct bound_ok *bound, unsigned long start, struct page **pages, int n)
{
	int ret = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced

	if (ret == n) {
		ret = sg_alloc_table_from_pages(&bound->table, pages, n, 0, (unsigned long)n << PAGE_SHIFT, GFP_KERNEL);
		if (!ret) {
			kvfree(pages);
			return 0;
		}
		unpin_user_pages(pages, n);
	} else if (ret > 0) {
		unpin_user_pages(pages, ret);
	}
	kvfree(pages);
	return -EFAULT;
}

void bound_unpin_ok(struct bound_ok *bound)
{
	struct sg_page_iter iter;

	for_each_sg_page(bound->table.sgl, &iter, bound->table.orig_nents, 0) {
		set_page_dirty_lock(sg_page_iter_page(&iter));
		unpin_user_page(sg_page_iter_page(&iter));
	}
	sg_free_table(&bound->table);
}

int bound_pin_bad(struct bound_bad *bound, unsigned long start, struct page **pages, int n)
{
	int ret = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (ret == n) {
		ret = sg_alloc_table_from_pages(&bound->table, pages, n, 0, (unsigned long)n << PAGE_SHIFT, GFP_KERNEL);
		if (!ret) {
			kvfree(pages);
			return 0;
		}
		unpin_user_pages(pages, n);
	} else if (ret > 0) {
		unpin_user_pages(pages, ret);
	}
	kvfree(pages);
	return -EFAULT;
}

void bound_unpin_bad(struct bound_bad *bound)
{
	struct sg_page_iter iter;

	for_each_sg_page(bound->table.sgl, &iter, bound->table.orig_nents, 0) {
		set_page_dirty_lock(sg_page_iter_page(&iter));
		put_page(sg_page_iter_page(&iter)); // expect: wrong-put
	}
	sg_free_table(&bound->table);
}
