// Pages of an array go to whatever entries of a table are free; who frees an entry drops its page.
#include <linux/mm.h>
#include <linux/slab.h>

struct tid_table {
	int nr;
	struct page **shadow;
	unsigned long *addrs;
	int *tids;
	struct page **scratch;
};

int tid_map(struct page *page, unsigned long *addr);

/* The scratch array still has all pages when something goes wrong, so that it is enough to drop those, and to empty the entries. */
int tids_update_ok(struct tid_table *table, unsigned long start, int cnt)
{
	struct page **pages = table->scratch;
	int tid = 0, left = table->nr;
	int i, ret;

	ret = pin_user_pages_fast(start, cnt, FOLL_LONGTERM, pages); // balanced
	if (ret != cnt) {
		if (ret > 0)
			unpin_user_pages(pages, ret);
		return -ENOMEM;
	}
	for (i = 0; i < cnt; i++) {
		unsigned long addr;

		for (; left--; tid++) {
			if (tid == table->nr)
				tid = 0;
			if (!table->shadow[tid])
				break;
		}
		if (left < 0) {
			ret = -ENOMEM;
			goto undo;
		}
		ret = tid_map(pages[i], &addr);
		if (ret)
			goto undo;
		table->shadow[tid] = pages[i];
		table->addrs[tid] = addr;
		table->tids[i] = tid;
		tid++;
	}
	return 0;
undo:
	unpin_user_pages(pages, cnt);
	while (i-- > 0)
		table->shadow[table->tids[i]] = NULL;
	return ret;
}

/* The entries keep pages that were dropped, and tids_free() drops them again. */
int tids_stale_bad(struct tid_table *table, unsigned long start, int cnt)
{
	struct page **pages = table->scratch;
	int tid = 0;
	int i, ret;

	ret = pin_user_pages_fast(start, cnt, FOLL_LONGTERM, pages);
	for (i = 0; i < ret; i++) {
		unsigned long addr;

		while (tid < table->nr && table->shadow[tid])
			tid++;
		if (tid == table->nr || tid_map(pages[i], &addr)) {
			unpin_user_pages(pages, ret); // fixme-missing: double-put that the table has some of them is known, but not that this makes them stale
			return -ENOMEM;
		}
		table->shadow[tid] = pages[i];
	}
	return 0;
}

void tids_free(struct tid_table *table)
{
	int tid;

	for (tid = 0; tid < table->nr; tid++) {
		struct page *page = table->shadow[tid];

		if (!page)
			continue;
		table->shadow[tid] = NULL;
		unpin_user_pages_dirty_lock(&page, 1, true);
	}
}

/* Those that found no entry are forgotten. */
int tids_update_bad(struct tid_table *table, unsigned long start, int cnt)
{
	struct page **pages;
	int i, ret, tid = 0;

	pages = kmalloc_array(cnt, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = pin_user_pages_fast(start, cnt, FOLL_LONGTERM, pages);
	for (i = 0; i < ret; i++) {
		while (tid < table->nr && table->shadow[tid])
			tid++;
		if (tid == table->nr)
			break;
		table->shadow[tid] = pages[i];
	}
	kfree(pages); // expect: leak
	return 0;
}

/* Each turn writes over what the last one left. */
int tids_overwrite_bad(struct tid_table *table, unsigned long start, int cnt)
{
	struct page **pages;
	int i, ret;

	pages = kmalloc_array(cnt, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = pin_user_pages_fast(start, cnt, FOLL_LONGTERM, pages);
	for (i = 0; i < ret; i++)
		table->shadow[table->nr] = pages[i];
	kfree(pages); // fixme-missing: leak all pages are taken for being left in the table
	return 0;
}
