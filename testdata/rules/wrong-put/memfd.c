// Folios of a memfd are pinned as folios.
#include <linux/mm.h>
#include <linux/slab.h>

int memfd_ok(struct file *file, unsigned int n)
{
	struct folio **folios = kvmalloc_array(n, sizeof(*folios), GFP_KERNEL);
	pgoff_t offset;
	long got;

	if (!folios)
		return -ENOMEM;
	got = memfd_pin_folios(file, 0, (loff_t)n << PAGE_SHIFT, folios, n, &offset); // balanced
	if (got > 0)
		unpin_folios(folios, got);
	kvfree(folios);
	return got < 0 ? got : 0;
}

int memfd_bad(struct file *file, unsigned int n)
{
	struct folio **folios = kvmalloc_array(n, sizeof(*folios), GFP_KERNEL);
	pgoff_t offset;
	long i, got;

	if (!folios)
		return -ENOMEM;
	got = memfd_pin_folios(file, 0, (loff_t)n << PAGE_SHIFT, folios, n, &offset);
	for (i = 0; i < got; i++)
		folio_put(folios[i]); // expect: wrong-put
	kvfree(folios);
	return got < 0 ? got : 0;
}
