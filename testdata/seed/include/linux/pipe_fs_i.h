#pragma once
// As of 5.2: the ring of a pipe, each entry of which knows how its page is let go.
#include <linux/mm.h>
#include <linux/mutex.h>

struct pipe_inode_info;
struct pipe_buffer;

struct pipe_buf_operations {
	void (*release)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);
	bool (*get)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);
};

struct pipe_buffer {
	struct page *page;
	unsigned int offset, len;
	const struct pipe_buf_operations *ops;
	unsigned int flags;
	unsigned long private;
};

struct pipe_inode_info {
	struct mutex mutex;
	unsigned int nrbufs, curbuf, buffers;
	unsigned int readers;
	struct pipe_buffer *bufs;
};

static inline void pipe_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	const struct pipe_buf_operations *ops = buf->ops;

	buf->ops = NULL;
	ops->release(pipe, buf);
}
