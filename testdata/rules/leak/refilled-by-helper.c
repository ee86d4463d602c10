// A helper fills an array of its callers' anew each time, and puts the pages behind those that a table has already: so the table has all of
// them, and the array those of the last time.
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uio.h>

struct cmd {
	struct page **upages;
	struct scatterlist *sgl;
	unsigned int sgl_count;
};

static int map_to_sgl(struct cmd *cmd, struct iov_iter *iter, struct scatterlist *sgl)
{
	struct page **pages = cmd->upages;
	struct scatterlist *sg = sgl;
	ssize_t bytes;
	size_t offset;
	unsigned int npages = 0;

	bytes = iov_iter_get_pages2(iter, pages, ~0UL, 2048, &offset); // balanced
	if (bytes <= 0)
		return bytes < 0 ? bytes : -EFAULT;

	while (bytes) {
		unsigned int n = min_t(unsigned int, PAGE_SIZE - offset, bytes);

		sg_set_page(sg++, pages[npages++], n, offset);
		bytes -= n;
		offset = 0;
	}
	return npages;
}

int map_ok(struct cmd *cmd, struct iov_iter *iter)
{
	struct scatterlist *sg = cmd->sgl, *p = sg;
	int ret;

	while (iov_iter_count(iter)) {
		ret = map_to_sgl(cmd, iter, sg);
		if (ret < 0) {
			while (p < sg) {
				struct page *page = sg_page(p++);

				if (page)
					put_page(page);
			}
			return ret;
		}
		sg += ret;
	}
	cmd->sgl_count = sg - p;
	return 0;
}

void unmap(struct cmd *cmd)
{
	int i;

	for (i = 0; i < cmd->sgl_count; i++)
		put_page(sg_page(&cmd->sgl[i]));
}

static int add_to_sgl(struct cmd *cmd, struct iov_iter *iter, struct scatterlist *sgl)
{
	size_t offset;
	ssize_t bytes = iov_iter_get_pages2(iter, cmd->upages, ~0UL, 1, &offset); // unresolved: left in memory by a callee

	if (bytes <= 0)
		return bytes < 0 ? bytes : -EFAULT;
	sg_set_page(sgl, cmd->upages[0], bytes, offset);
	return 1;
}

/* Those of the times before are forgotten. */
int map_bad(struct cmd *cmd, struct iov_iter *iter, int nr)
{
	struct scatterlist *sgl = kmalloc_array(nr, sizeof(*sgl), GFP_KERNEL), *sg = sgl;
	int ret;

	if (!sgl)
		return -ENOMEM;
	while (iov_iter_count(iter)) {
		ret = add_to_sgl(cmd, iter, sg);
		if (ret < 0) {
			kfree(sgl); // expect: leak
			return ret;
		}
		sg += ret;
	}
	cmd->sgl = sgl;
	cmd->sgl_count = sg - sgl;
	return 0;
}
