// Pages left in an array where others keep structures with a page each: who drops those pages does not drop these.
#include <linux/bio.h>
#include <linux/mm.h>

void bio_drain(struct bio *bio)
{
	int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		put_page(bio->bi_io_vec[i].bv_page);
}

int bio_fill(struct bio *bio, unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return -EFAULT;
	bio->bi_io_vec[0].bv_page = page;
	return 0;
}

int bio_fill_scratch_bad(struct bio *bio, unsigned long addr)
{
	struct page **scratch = (struct page **)bio->bi_io_vec;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, scratch) != 1) // expect: leak "nobody takes out of struct bio.bi_io_vec"
		return -EFAULT;
	return 0;
}
