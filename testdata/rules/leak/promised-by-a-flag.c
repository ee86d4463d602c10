// Iterators of no user memory: where nothing is ever released, what stands beside the iterator may say that it is one.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define MSG_SPLICE_PAGES 0x8000000

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
};

/* sendmsg() with MSG_SPLICE_PAGES: the caller tests the flag. */
static int splice_part(struct msghdr *msg, size_t len)
{
	struct page *page = NULL, **pages = &page;
	size_t offset;
	ssize_t part;

	part = iov_iter_extract_pages(&msg->msg_iter, &pages, len, 1, 0, &offset); // unresolved: the iterator it is given may be one
	if (part <= 0)
		return -EIO;
	iov_iter_revert(&msg->msg_iter, part);
	return -EIO; // fixme-extra: leak what the flag promises is not known; only those who ask for what is not certain are told
}

int splice(struct msghdr *msg, size_t len)
{
	if (!(msg->msg_flags & MSG_SPLICE_PAGES))
		return 0;
	return splice_part(msg, len);
}

/* Nothing beside it: any iterator. */
int write_part_bad(struct iov_iter *from, size_t len)
{
	struct page *page = NULL, **pages = &page;
	size_t offset;
	ssize_t part;

	part = iov_iter_extract_pages(from, &pages, len, 1, 0, &offset);
	if (part <= 0)
		return -EIO;
	iov_iter_revert(from, part);
	return -EIO; // expect: leak "references taken by iov_iter_extract_pages()"
}

/* Flags beside it, of a function that is called with more than one kind. */
int send_part(struct iov_iter *from, size_t len, int flags)
{
	struct page *page = NULL, **pages = &page;
	size_t offset;
	ssize_t part;

	if (!(flags & MSG_SPLICE_PAGES))
		return 0;
	part = iov_iter_extract_pages(from, &pages, len, 1, 0, &offset);
	return part <= 0 ? -EIO : 0; // fixme-extra: leak what the flag promises is not known; only those who ask for what is not certain are told
}

/* A helper, called with a part of a message. */
static int take_part(struct iov_iter *from, size_t len)
{
	struct page *page = NULL, **pages = &page;
	size_t offset;
	ssize_t part;

	part = iov_iter_extract_pages(from, &pages, len, 1, 0, &offset);
	return part <= 0 ? -EIO : 0; // fixme-extra: leak what the flag promises is not known; only those who ask for what is not certain are told
}

int take(struct msghdr *msg, size_t len)
{
	if (!(msg->msg_flags & MSG_SPLICE_PAGES))
		return 0;
	return take_part(&msg->msg_iter, len);
}
