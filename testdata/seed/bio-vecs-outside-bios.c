//@ include: seed/include
// Case 8: bio_vecs in an array of one's own, no bio, and a work item that drops their pages when all is done.
#include <linux/bvec.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

struct transfer {
	struct work_struct done;
	struct bio_vec *bvecs;
	unsigned int n_pages;
	bool is_gup;
};

/* Pages of the iterator, one bio_vec each. The caller has the array of pages only for the moment. */
static int transfer_fill(struct transfer *transfer, struct iov_iter *iter)
{
	struct page **pages;
	size_t offset;
	ssize_t bytes;
	unsigned int i;

	transfer->is_gup = iov_iter_get_pages_use_gup(iter);
	bytes = iov_iter_get_pages_alloc(iter, &pages, 1 << 20, &offset);
	if (bytes <= 0)
		return bytes ? bytes : -EFAULT;
	transfer->n_pages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
	for (i = 0; i < transfer->n_pages; i++) {
		transfer->bvecs[i].bv_page = pages[i];
		transfer->bvecs[i].bv_len = PAGE_SIZE;
		transfer->bvecs[i].bv_offset = 0;
	}
	kvfree(pages);
	return 0;
}

static void transfer_done_ok(struct work_struct *work)
{
	struct transfer *transfer = container_of(work, struct transfer, done);
	unsigned int i;

	for (i = 0; i < transfer->n_pages; i++) {
		if (transfer->is_gup)
			put_user_page(transfer->bvecs[i].bv_page);
		else
			put_page(transfer->bvecs[i].bv_page);
	}
	kvfree(transfer->bvecs);
	kfree(transfer);
}

int transfer_start_ok(struct iov_iter *iter, unsigned int max_pages)
{
	struct transfer *transfer = kzalloc(sizeof(*transfer), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!transfer)
		return -ENOMEM;
	transfer->bvecs = kvmalloc_array(max_pages, sizeof(*transfer->bvecs), GFP_KERNEL);
	if (!transfer->bvecs)
		goto free_transfer;
	ret = transfer_fill(transfer, iter);
	if (ret)
		goto free_bvecs;
	INIT_WORK(&transfer->done, transfer_done_ok);
	schedule_work(&transfer->done);
	return 0;

free_bvecs:
	kvfree(transfer->bvecs);
free_transfer:
	kfree(transfer);
	return ret;
}

/* As before: whoever filled the array does not matter to the work item. */
static void transfer_done_bad(struct work_struct *work)
{
	struct transfer *transfer = container_of(work, struct transfer, done);
	unsigned int i;

	for (i = 0; i < transfer->n_pages; i++)
		put_page(transfer->bvecs[i].bv_page); // expect: end-io-mismatch
	kvfree(transfer->bvecs);
	kfree(transfer);
}

int transfer_start_unconverted(struct iov_iter *iter, unsigned int max_pages)
{
	struct transfer *transfer = kzalloc(sizeof(*transfer), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!transfer)
		return -ENOMEM;
	transfer->bvecs = kvmalloc_array(max_pages, sizeof(*transfer->bvecs), GFP_KERNEL);
	if (!transfer->bvecs)
		goto free_transfer;
	ret = transfer_fill(transfer, iter);
	if (ret)
		goto free_bvecs;
	INIT_WORK(&transfer->done, transfer_done_bad);
	schedule_work(&transfer->done);
	return 0;

free_bvecs:
	kvfree(transfer->bvecs);
free_transfer:
	kfree(transfer);
	return ret;
}

/* A failure after the array was filled: the work item will never run. */
int transfer_start_refused_bad(struct iov_iter *iter, unsigned int max_pages, bool is_open)
{
	struct transfer *transfer = kzalloc(sizeof(*transfer), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!transfer)
		return -ENOMEM;
	transfer->bvecs = kvmalloc_array(max_pages, sizeof(*transfer->bvecs), GFP_KERNEL);
	if (!transfer->bvecs)
		goto free_transfer;
	ret = transfer_fill(transfer, iter);
	if (ret)
		goto free_bvecs;
	ret = -EBUSY;
	if (!is_open)
		goto free_bvecs;
	INIT_WORK(&transfer->done, transfer_done_ok);
	schedule_work(&transfer->done);
	return 0;

free_bvecs:
	kvfree(transfer->bvecs); // expect: leak
free_transfer:
	kfree(transfer);
	return ret;
}
