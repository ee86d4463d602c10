// Pages put into an object that outlives the call: somebody must take them out again.
#include <linux/fs.h>
#include <linux/slab.h>

struct session {
	struct page *page;
	void *address;
};

/* The only reader of session->page is the write below; release frees the object and forgets the page. */
static long session_ioctl_bad(struct file *file, unsigned int command, unsigned long argument)
{
	struct session *session = file->private_data;
	struct page *page;

	if (session->page)
		return -EBUSY;
	if (pin_user_pages_fast(argument, 1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1) // expect: leak "nobody takes out of struct session.page"
		return -EFAULT;
	session->page = page;
	session->address = page_address(page);
	return 0;
}

static int session_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	kfree(session);
	return 0;
}

const struct file_operations session_fops = {
	.unlocked_ioctl = session_ioctl_bad,
	.release = session_release,
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

/* What reads the field may drop what it finds: here by way of a table of operations that nobody knows. */
struct view {
	struct page *page;
	void (*drop)(struct page *page);
};

static long view_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct view *view = file->private_data;

	if (view->page)
		return -EBUSY;
	if (pin_user_pages_fast(argument, 1, FOLL_WRITE | FOLL_LONGTERM, &view->page) == 1) // unresolved
		return 0;
	view->page = NULL;
	return -EFAULT;
}

static int view_release(struct inode *inode, struct file *file)
{
	struct view *view = file->private_data;
	struct page *page = view->page;

	view->drop(page);
	kfree(view);
	return 0;
}

const struct file_operations view_fops = {
	.unlocked_ioctl = view_ioctl,
	.release = view_release,
};

/* An array in the object, filled through a helper, looked at, and never released. */
struct pipe {
	struct page *pages[16];
	u64 first;
};

static int pipe_pin_bad(unsigned long start, int n, struct page **pages)
{
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // expect: leak "nobody takes out of struct pipe.pages"

	return got <= 0 ? -EFAULT : got;
}

static void pipe_describe(struct pipe *pipe, struct page **pages)
{
	pipe->first = page_to_pfn(pages[0]) << PAGE_SHIFT;
}

static ssize_t pipe_read(struct file *file, char *to, size_t bytes, loff_t *pos)
{
	struct pipe *pipe = file->private_data;
	int got = pipe_pin_bad((unsigned long)to, 16, pipe->pages);

	if (got < 0)
		return got;
	pipe_describe(pipe, pipe->pages);
	return bytes;
}

const struct file_operations pipe_fops = {
	.read = pipe_read,
};
