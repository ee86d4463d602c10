// The array or object that holds the only pointers to the pages is freed before the pages.
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct holder {
	struct kref ref;
	struct page *page;
	struct page **pages;
	unsigned int n_pages;
	struct sg_table table;
};

int array_freed_bad(unsigned long start, int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	int got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);
	kvfree(pages); // expect: leak
	return got;
}

int object_freed_bad(unsigned long addr)
{
	struct holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL);

	if (!holder)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &holder->page) != 1) {
		kfree(holder);
		return -EFAULT;
	}
	memset(page_address(holder->page), 0, PAGE_SIZE);
	kfree(holder); // expect: leak
	return 0;
}

/* A second home outlives the first: nothing is lost when the array goes. */
struct holder *moved_to_table_ok(unsigned long start, int n)
{
	struct holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL);
	struct page **pages;
	int got, ret;

	if (!holder)
		return ERR_PTR(-ENOMEM);
	ret = -ENOMEM;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		goto free_holder;
	got = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, pages);
	ret = -EFAULT;
	if (got != n)
		goto unpin;
	ret = sg_alloc_table_from_pages(&holder->table, pages, n, 0, (unsigned long)n << PAGE_SHIFT, GFP_KERNEL);
	if (ret)
		goto unpin;
	kvfree(pages);
	return holder;

unpin:
	if (got > 0)
		unpin_user_pages(pages, got);
	kvfree(pages);
free_holder:
	kfree(holder);
	return ERR_PTR(ret);
}

void moved_to_table_teardown_ok(struct holder *holder)
{
	struct sg_page_iter iter;

	for_each_sg_page(holder->table.sgl, &iter, holder->table.orig_nents, 0)
		unpin_user_page(sg_page_iter_page(&iter));
	sg_free_table(&holder->table);
	kfree(holder);
}

/* The table was the last home. */
int table_freed_bad(unsigned long addr)
{
	struct sg_table table;
	struct page *page;
	int ret;

	ret = sg_alloc_table(&table, 1, GFP_KERNEL);
	if (ret)
		return ret;
	if (pin_user_pages_fast(addr, 1, 0, &page) != 1) {
		sg_free_table(&table);
		return -EFAULT;
	}
	sg_set_page(table.sgl, page, PAGE_SIZE, 0);
	sg_free_table(&table);
	return 0; // expect: leak
}
