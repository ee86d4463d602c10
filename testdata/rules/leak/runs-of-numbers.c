// Pages with consecutive numbers are joined to runs, each known by its first and its last number, while the array that had the pages is
// filled again. A run goes into the map's list; who takes it out of there drops its pages by their numbers.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct frame_map {
	struct list_head entries;
	bool is_full;
};

struct frame_run {
	struct list_head link;
	unsigned long first;
	unsigned long count;
};

/* Takes the references only if it succeeds. */
static int store_run(struct frame_map *map, unsigned long first, unsigned long count)
{
	struct frame_run *run;

	if (map->is_full)
		return -ENOSPC;
	run = kmalloc(sizeof(*run), GFP_KERNEL);
	if (!run)
		return -ENOMEM;
	run->first = first;
	run->count = count;
	list_add_tail(&run->link, &map->entries);
	return 0;
}

void drop_runs(struct frame_map *map)
{
	struct frame_run *run, *next;
	unsigned long pfn, left;

	list_for_each_entry_safe(run, next, &map->entries, link) {
		for (pfn = run->first, left = run->count; left > 0; pfn++, left--)
			unpin_user_page(pfn_to_page(pfn));
		list_del(&run->link);
		kfree(run);
	}
}

int one_batch_ok(struct frame_map *map, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;
	int ret;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages); // unresolved: kept in memory that callers cannot name
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			ret = store_run(map, first, last - first + 1);
			if (ret) {
				unpin_user_pages(&pages[i], got - i);
				goto drop;
			}
			first = pfn;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	ret = store_run(map, first, last - first + 1);
	if (!ret)
		return 0;
drop:
	for (pfn = first; pfn <= last; pfn++)
		unpin_user_page(pfn_to_page(pfn));
	return ret;
}

/* Those behind page i are in no run yet. */
int one_batch_rest_bad(struct frame_map *map, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;
	int ret;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			ret = store_run(map, first, last - first + 1);
			if (ret) {
				goto drop;
			}
			first = pfn;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	ret = store_run(map, first, last - first + 1);
	if (!ret)
		return 0;
drop:
	for (pfn = first; pfn <= last; pfn++)
		unpin_user_page(pfn_to_page(pfn));
	return ret; // expect: leak
}

/* The run that could not be stored. */
int one_batch_run_bad(struct frame_map *map, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;
	int ret;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			ret = store_run(map, first, last - first + 1);
			if (ret) {
				unpin_user_pages(&pages[i], got - i);
				goto drop;
			}
			first = pfn;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	ret = store_run(map, first, last - first + 1);
	if (!ret)
		return 0;
drop:
	return ret; // expect: leak
}

int one_batch_beyond(struct frame_map *map, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;
	int ret;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			ret = store_run(map, first, last - first + 1);
			if (ret) {
				unpin_user_pages(&pages[i], got - i);
				goto drop;
			}
			first = pfn;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	ret = store_run(map, first, last - first + 1);
	if (!ret)
		return 0;
drop:
	for (pfn = first; pfn <= last + 1; pfn++)
		unpin_user_page(pfn_to_page(pfn)); // fixme-missing: count-mismatch see may_be_end() in count-mismatch/by-one.c
	return ret;
}

int one_batch_twice_bad(struct frame_map *map, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;
	int ret;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			ret = store_run(map, first, last - first + 1);
			if (ret) {
				unpin_user_pages(&pages[i], got - i);
				goto drop;
			}
			first = pfn;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	ret = store_run(map, first, last - first + 1);
	if (!ret)
		return 0;
drop:
	for (pfn = first; pfn <= last; pfn++)
		unpin_user_page(pfn_to_page(pfn));
	unpin_user_page(pfn_to_page(first)); // expect: double-put
	return ret;
}

int batches_ok(struct frame_map *map, unsigned long addr, unsigned long npages)
{
	unsigned long first = 0, last = 0, want, pfn;
	struct page **list;
	long got, i;
	int ret = 0;

	list = (struct page **)__get_free_page(GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (npages) {
		want = min(npages, 512UL);
		got = pin_user_pages(addr, want, FOLL_WRITE | FOLL_LONGTERM, list); // unresolved: kept in memory that callers cannot name
		if (got != want) {
			if (got < 0) {
				ret = got;
			} else {
				unpin_user_pages(list, got);
				ret = -ENOMEM;
			}
			goto out;
		}
		if (!last)
			first = page_to_pfn(list[0]);
		for (i = 0; i < got; i++) {
			pfn = page_to_pfn(list[i]);
			if (last && pfn != last + 1) {
				ret = store_run(map, first, last - first + 1);
				if (ret) {
				unpin_user_pages(&list[i], got - i);
					goto out;
				}
				first = pfn;
			}
			last = pfn;
		}
		addr += got * PAGE_SIZE;
		npages -= got;
	}
	ret = store_run(map, first, last - first + 1);
out:
	if (ret && last) {
		for (pfn = first; pfn <= last; pfn++)
			unpin_user_page(pfn_to_page(pfn));
	}
	free_page((unsigned long)list);
	return ret;
}

int inline_ok(struct frame_map *map, unsigned long addr, unsigned long npages)
{
	unsigned long first = 0, last = 0, want, pfn;
	struct frame_run *run;
	struct page **list;
	long got, i;
	int ret = 0;

	list = (struct page **)__get_free_page(GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (npages) {
		want = min(npages, 512UL);
		got = pin_user_pages(addr, want, FOLL_WRITE | FOLL_LONGTERM, list); // balanced
		if (got != want) {
			if (got < 0) {
				ret = got;
			} else {
				unpin_user_pages(list, got);
				ret = -ENOMEM;
			}
			goto out;
		}
		if (!last)
			first = page_to_pfn(list[0]);
		for (i = 0; i < got; i++) {
			pfn = page_to_pfn(list[i]);
			if (last && pfn != last + 1) {
				run = kmalloc(sizeof(*run), GFP_KERNEL);
				if (!run) {
					ret = -ENOMEM;
				unpin_user_pages(&list[i], got - i);
					goto out;
				}
				run->first = first;
				run->count = last - first + 1;
				list_add_tail(&run->link, &map->entries);
				first = pfn;
			}
			last = pfn;
		}
		addr += got * PAGE_SIZE;
		npages -= got;
	}
	run = kmalloc(sizeof(*run), GFP_KERNEL);
	if (run) {
		run->first = first;
		run->count = last - first + 1;
		list_add_tail(&run->link, &map->entries);
	} else {
		ret = -ENOMEM;
	}
out:
	if (ret && last) {
		for (pfn = first; pfn <= last; pfn++)
			unpin_user_page(pfn_to_page(pfn));
	}
	free_page((unsigned long)list);
	return ret;
}


int inline_bad(struct frame_map *map, unsigned long addr, unsigned long npages)
{
	unsigned long first = 0, last = 0, want, pfn;
	struct frame_run *run;
	struct page **list;
	long got, i;
	int ret = 0;

	list = (struct page **)__get_free_page(GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (npages) {
		want = min(npages, 512UL);
		got = pin_user_pages(addr, want, FOLL_WRITE | FOLL_LONGTERM, list);
		if (got != want) {
			if (got < 0) {
				ret = got;
			} else {
				unpin_user_pages(list, got);
				ret = -ENOMEM;
			}
			goto out;
		}
		if (!last)
			first = page_to_pfn(list[0]);
		for (i = 0; i < got; i++) {
			pfn = page_to_pfn(list[i]);
			if (last && pfn != last + 1) {
				run = kmalloc(sizeof(*run), GFP_KERNEL);
				if (!run) {
					ret = -ENOMEM;
					goto out;
				}
				run->first = first;
				run->count = last - first + 1;
				list_add_tail(&run->link, &map->entries);
				first = pfn;
			}
			last = pfn;
		}
		addr += got * PAGE_SIZE;
		npages -= got;
	}
	run = kmalloc(sizeof(*run), GFP_KERNEL);
	if (run) {
		run->first = first;
		run->count = last - first + 1;
		list_add_tail(&run->link, &map->entries);
	} else {
		ret = -ENOMEM;
	}
out:
	if (ret && last) {
		for (pfn = first; pfn <= last; pfn++)
			unpin_user_page(pfn_to_page(pfn));
	}
	free_page((unsigned long)list); // expect: leak
	return ret;
}


int batches_rest_bad(struct frame_map *map, unsigned long addr, unsigned long npages)
{
	unsigned long first = 0, last = 0, want, pfn;
	struct page **list;
	long got, i;
	int ret = 0;

	list = (struct page **)__get_free_page(GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (npages) {
		want = min(npages, 512UL);
		got = pin_user_pages(addr, want, FOLL_WRITE | FOLL_LONGTERM, list);
		if (got != want) {
			if (got < 0) {
				ret = got;
			} else {
				unpin_user_pages(list, got);
				ret = -ENOMEM;
			}
			goto out;
		}
		if (!last)
			first = page_to_pfn(list[0]);
		for (i = 0; i < got; i++) {
			pfn = page_to_pfn(list[i]);
			if (last && pfn != last + 1) {
				ret = store_run(map, first, last - first + 1);
				if (ret) {
					goto out;
				}
				first = pfn;
			}
			last = pfn;
		}
		addr += got * PAGE_SIZE;
		npages -= got;
	}
	ret = store_run(map, first, last - first + 1);
out:
	if (ret && last) {
		for (pfn = first; pfn <= last; pfn++)
			unpin_user_page(pfn_to_page(pfn));
	}
	free_page((unsigned long)list); // expect: leak
	return ret;
}

/* The rest of the batch that a run ended in is no batch, but it is held. */
int batches_count_bad(struct frame_map *map, unsigned long addr, unsigned long npages)
{
	unsigned long first = 0, last = 0, batches = 0, want, pfn;
	struct page **list;
	long got, i;
	int ret = 0;

	list = (struct page **)__get_free_page(GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (npages) {
		want = min(npages, 512UL);
		got = pin_user_pages(addr, want, FOLL_WRITE | FOLL_LONGTERM, list);
		if (got != want) {
			if (got < 0) {
				ret = got;
			} else {
				unpin_user_pages(list, got);
				ret = -ENOMEM;
			}
			goto out;
		}
		batches++;
		if (!last)
			first = page_to_pfn(list[0]);
		for (i = 0; i < got; i++) {
			pfn = page_to_pfn(list[i]);
			if (last && pfn != last + 1) {
				ret = store_run(map, first, last - first + 1);
				if (ret) {
				unpin_user_pages(&list[i], got - i);
					goto out;
				}
				first = pfn;
				batches = 0;
			}
			last = pfn;
		}
		addr += got * PAGE_SIZE;
		npages -= got;
	}
	ret = store_run(map, first, last - first + 1);
out:
	if (ret && batches) {
		for (pfn = first; pfn <= last; pfn++)
			unpin_user_page(pfn_to_page(pfn));
	}
	free_page((unsigned long)list);
	return ret; // expect: leak
}

/* Runs that are only counted: the array is the pages' owner. */
int count_runs_ok(unsigned long addr, unsigned int *runs, unsigned long *longest)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;

	got = pin_user_pages(addr, 16, 0, pages); // balanced
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (!last || pfn != last + 1) {
			first = pfn;
			*runs += 1;
		}
		last = pfn;
		if (last - first > *longest)
			*longest = last - first;
	}
	unpin_user_pages(pages, got);
	return 0;
}

/* A table of the caller's has the pages all the while. */
int run_of_callers_ok(struct page **pages, unsigned long addr, long nr, unsigned long *first_of_last)
{
	unsigned long first = 0, last = 0, pfn;
	long got, i;

	got = pin_user_pages(addr, nr, 0, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1)
			first = pfn;
		if (!last)
			first = pfn;
		last = pfn;
	}
	*first_of_last = first;
	return got;
}

/* So has one that each page is copied to. */
int run_beside_table_ok(struct page **table, unsigned long addr, unsigned long *first_of_last)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;

	got = pin_user_pages(addr, 16, 0, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (!last || pfn != last + 1)
			first = pfn;
		last = pfn;
		table[i] = pages[i];
	}
	*first_of_last = first;
	return got;
}
