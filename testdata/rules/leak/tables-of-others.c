// A structure that many embed: what is taken out of it in one of them is not what was left in another.
//@ clean
#include <linux/bvec.h>
#include <linux/mm.h>

struct drained {
	int flags;
	struct bio_vec vec;
};

struct filled {
	int flags;
	struct bio_vec vec;
};

int drained_fill(struct drained *drained, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	drained->vec.bv_page = page;
	return 0;
}

void drained_end_ok(struct drained *drained)
{
	if (drained->vec.bv_page)
		unpin_user_page(drained->vec.bv_page);
}

int filled_fill(struct filled *filled, unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // unresolved: left in struct bio_vec.bv_page; no release out of it was found
		return -EFAULT;
	filled->vec.bv_page = page;
	return 0;
}
