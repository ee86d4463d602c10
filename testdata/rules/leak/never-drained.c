// Pages put into an object that outlives the call: somebody must take them out again.
#include <linux/fs.h>
#include <linux/slab.h>

struct session {
	struct page *page;
	void *address;
};

/* The only reader of session->page is the write below; release frees the object and forgets the page. */
static long session_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct session *session = file->private_data;
	struct page *page;

	if (session->page)
		return -EBUSY;
	if (pin_user_pages_fast(argument, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	session->page = page;
	session->address = page_address(page);
	return 0;
}

static int session_release_bad(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	kfree(session); // fixme-missing: leak settle() leaves a slot without any release open: it does not know whether all who touch session->page were read
	return 0;
}

const struct file_operations session_fops = {
	.unlocked_ioctl = session_ioctl,
	.release = session_release_bad,
};

struct window {
	struct page *page;
};

static long window_ioctl_ok(struct file *file, unsigned int command, unsigned long argument)
{
	struct window *window = file->private_data;

	if (window->page)
		return -EBUSY;
	if (pin_user_pages_fast(argument, 1, FOLL_WRITE | FOLL_LONGTERM, &window->page) == 1) // balanced
		return 0;
	window->page = NULL;
	return -EFAULT;
}

static int window_release_ok(struct inode *inode, struct file *file)
{
	struct window *window = file->private_data;

	if (window->page)
		unpin_user_page(window->page);
	kfree(window);
	return 0;
}

const struct file_operations window_fops = {
	.unlocked_ioctl = window_ioctl_ok,
	.release = window_release_ok,
};

/* A second registration overwrites the first. */
struct mailbox {
	struct page *page;
};

static long mailbox_ioctl_bad(struct file *file, unsigned int command, unsigned long argument)
{
	struct mailbox *mailbox = file->private_data;
	struct page *page;

	if (pin_user_pages_fast(argument, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	mailbox->page = page; // fixme-missing: leak settle() asks only for a release that fits; that a deposit may lie over another is not seen
	return 0;
}

static int mailbox_release(struct inode *inode, struct file *file)
{
	struct mailbox *mailbox = file->private_data;

	if (mailbox->page)
		unpin_user_page(mailbox->page);
	kfree(mailbox);
	return 0;
}

const struct file_operations mailbox_fops = {
	.unlocked_ioctl = mailbox_ioctl_bad,
	.release = mailbox_release,
};
