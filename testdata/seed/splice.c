//@ include: seed/include
// Case 19: pages of a user and pages of the page cache in one pipe. Each entry of the ring brings the release of its kind.
#include <linux/pagemap.h>
#include <linux/pipe_fs_i.h>
#include <linux/uio.h>

static void user_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	// fixme-extra: wrong-put indirect() takes each function ever stored in pipe_buf_operations.release, whatever buf->ops is known to be
	put_user_page(buf->page);
	buf->page = NULL;
}

static const struct pipe_buf_operations user_buf_ops = {
	.release = user_buf_release,
};

static void cache_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	// expect: wrong-put "get_user_pages_fast"
	// fixme-extra: wrong-put of splice_user_ok(), as above
	// fixme-extra: wrong-put of splice_iter_ok(), as above
	// fixme-extra: wrong-put of splice_iter_bad(), as above
	put_page(buf->page);
	buf->page = NULL;
}

static const struct pipe_buf_operations cache_buf_ops = {
	.release = cache_buf_release,
};

/* The entry goes into the ring, or is let go at once. */
static ssize_t pipe_append(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	unsigned int at;

	if (!pipe->readers || pipe->nrbufs == pipe->buffers) {
		pipe_buf_release(pipe, buf);
		return -EAGAIN;
	}
	at = (pipe->curbuf + pipe->nrbufs) & (pipe->buffers - 1);
	pipe->bufs[at] = *buf;
	pipe->nrbufs++;
	return buf->len;
}

ssize_t splice_user_ok(struct pipe_inode_info *pipe, unsigned long addr)
{
	struct pipe_buffer buf = { .ops = &user_buf_ops, .len = PAGE_SIZE };

	if (get_user_pages_fast(addr, 1, 0, &buf.page) != 1)
		return -EFAULT;
	return pipe_append(pipe, &buf);
}

ssize_t splice_cached_ok(struct pipe_inode_info *pipe, struct address_space *mapping, pgoff_t index)
{
	struct pipe_buffer buf = { .ops = &cache_buf_ops, .len = PAGE_SIZE };

	buf.page = find_get_page(mapping, index);
	if (!buf.page)
		return -ENOENT;
	return pipe_append(pipe, &buf);
}

/* The reader takes out whatever is next. */
void pipe_drain_ok(struct pipe_inode_info *pipe)
{
	while (pipe->nrbufs) {
		pipe_buf_release(pipe, pipe->bufs + pipe->curbuf);
		pipe->curbuf = (pipe->curbuf + 1) & (pipe->buffers - 1);
		pipe->nrbufs--;
	}
}

/* Before: user pages came with the release of the page cache. The entries are as many, and nothing tells them apart. */
ssize_t splice_user_unconverted(struct pipe_inode_info *pipe, unsigned long addr)
{
	struct pipe_buffer buf = { .ops = &cache_buf_ops, .len = PAGE_SIZE };

	if (get_user_pages_fast(addr, 1, 0, &buf.page) != 1)
		return -EFAULT;
	return pipe_append(pipe, &buf);
}

/* From an iterator, as vmsplice() does: what does not fit any more must be dropped by hand. */
ssize_t splice_iter_ok(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	struct pipe_buffer buf = { .ops = &user_buf_ops };
	struct page *pages[16];
	ssize_t copied, ret = 0;
	unsigned int i, n;
	size_t start;

	if (!iov_iter_get_pages_use_gup(from))
		return -EINVAL;
	copied = iov_iter_get_pages(from, pages, ~0UL, 16, &start);
	if (copied <= 0)
		return copied;
	n = DIV_ROUND_UP(copied + start, PAGE_SIZE);
	for (i = 0; i < n; i++) {
		if (ret >= 0) {
			buf.page = pages[i];
			buf.offset = start;
			buf.len = PAGE_SIZE - start;
			ret = pipe_append(pipe, &buf);
			start = 0;
		} else {
			put_user_page(pages[i]);
		}
	}
	return ret;
}

ssize_t splice_iter_bad(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	struct pipe_buffer buf = { .ops = &user_buf_ops };
	struct page *pages[16];
	unsigned int i, n;
	ssize_t copied, ret = 0;
	size_t start;

	if (!iov_iter_get_pages_use_gup(from))
		return -EINVAL;
	copied = iov_iter_get_pages(from, pages, ~0UL, 16, &start);
	if (copied <= 0)
		return copied;
	n = DIV_ROUND_UP(copied + start, PAGE_SIZE);
	for (i = 0; i < n; i++) {
		buf.page = pages[i];
		ret = pipe_append(pipe, &buf);
		if (ret < 0)
			break;
	}
	return ret; // expect: count-mismatch
}
