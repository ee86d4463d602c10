// Who knows a run of page numbers: its first number says where it is, how many there are does not; and where the pages stay known by
// their array, the run was a count.
#include <linux/mm.h>

struct bank {
	unsigned long contiguous;
	struct page *table[16];
};

/* That so many are in a row tells nobody which they are. */
int run_counted_bad(struct bank *bank, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages);
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1) {
			unpin_user_pages(&pages[i], got - i);
			break;
		}
		if (!last)
			first = pfn;
		last = pfn;
	}
	bank->contiguous = last - first + 1;
	return 0; // expect: leak // expect: leak
}

/* The pages go on in another array, after the run was looked for. */
int run_then_copied_ok(struct bank *bank, unsigned long addr)
{
	struct page *pages[16];
	unsigned long first = 0, last = 0, pfn;
	long got, i;

	got = pin_user_pages(addr, 16, FOLL_WRITE, pages); // balanced
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++) {
		pfn = page_to_pfn(pages[i]);
		if (last && pfn != last + 1)
			break;
		if (!last)
			first = pfn;
		last = pfn;
	}
	bank->contiguous = i;
	for (i = 0; i < got; i++)
		bank->table[i] = pages[i];
	return got;
}

void bank_drop(struct bank *bank, long got)
{
	unpin_user_pages(bank->table, got);
}
