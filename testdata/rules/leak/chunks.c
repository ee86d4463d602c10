// Physical runs of pages are mapped as they are found; what was not mapped yet is lost when a mapping fails.
#include <linux/mm.h>
#include <linux/slab.h>

int map_run(unsigned long first_pfn, unsigned long n);

int map_runs_bad(unsigned long start, unsigned long n)
{
	struct page **list = (struct page **)__get_free_page(GFP_KERNEL);
	unsigned long last = 0, first = 0, i;
	long pinned;
	int ret = 0;

	if (!list)
		return -ENOMEM;
	pinned = pin_user_pages(start, min(n, 512UL), FOLL_LONGTERM, list);
	if (pinned <= 0) {
		ret = -EFAULT;
		goto free;
	}
	first = page_to_pfn(list[0]);
	for (i = 0; i < pinned; i++) {
		unsigned long pfn = page_to_pfn(list[i]);

		if (last && pfn != last + 1) {
			ret = map_run(first, last - first + 1);
			if (ret)
				goto free;
			first = pfn;
		}
		last = pfn;
	}
	unpin_user_pages(list, pinned);
free:
	free_page((unsigned long)list); // expect: leak
	return ret;
}

int map_runs_ok(unsigned long start, unsigned long n)
{
	struct page **list = (struct page **)__get_free_page(GFP_KERNEL);
	unsigned long last = 0, first = 0, i;
	long pinned;
	int ret = 0;

	if (!list)
		return -ENOMEM;
	pinned = pin_user_pages(start, min(n, 512UL), FOLL_LONGTERM, list); // balanced
	if (pinned <= 0) {
		ret = -EFAULT;
		goto free;
	}
	first = page_to_pfn(list[0]);
	for (i = 0; i < pinned; i++) {
		unsigned long pfn = page_to_pfn(list[i]);

		if (last && pfn != last + 1) {
			ret = map_run(first, last - first + 1);
			if (ret)
				break;
			first = pfn;
		}
		last = pfn;
	}
	unpin_user_pages(list, pinned);
free:
	free_page((unsigned long)list);
	return ret;
}

/* What is mapped already is released elsewhere (here at once); the rest of the batch where it fails: two disjoint parts. */
int split_ok(unsigned long start, struct page **pages)
{
	int got = pin_user_pages_fast(start, 64, 0, pages); // balanced
	int i;

	for (i = 0; i < got; i++) {
		if (map_run(page_to_pfn(pages[i]), 1)) {
			unpin_user_pages(&pages[i], got - i);
			return -EIO;
		}
		unpin_user_page(pages[i]);
	}
	return 0;
}

int split_bad(unsigned long start)
{
	struct page *pages[64];
	int got = pin_user_pages_fast(start, 64, 0, pages);
	int i;

	for (i = 0; i < got; i++) {
		if (map_run(page_to_pfn(pages[i]), 1))
			return -EIO; // expect: count-mismatch
		unpin_user_page(pages[i]);
	}
	return 0;
}
