//@ clean
// One field, two callbacks: what goes with the one is not dropped by the other.
#include <linux/slab.h>
#include <linux/mm.h>

struct request {
	void (*callback)(struct request *request);
	struct page **pages;
	int n_pages;
};

struct queue {
	struct request *next;
};

static void drops(struct request *request)
{
	unpin_user_pages(request->pages, request->n_pages);
	kvfree(request->pages);
}

static void reports(struct request *request)
{
}

static int fill(struct request *request, unsigned long start, int n)
{
	request->pages = kvmalloc_array(n, sizeof(*request->pages), GFP_KERNEL);
	if (!request->pages)
		return -ENOMEM;
	return 0;
}

int send_ok(struct queue *queue, struct request *request, unsigned long start, int n)
{
	int ret = fill(request, start, n);

	if (ret)
		return ret;
	ret = pin_user_pages_fast(start, n, 0, request->pages); // balanced
	if (ret <= 0) {
		kvfree(request->pages);
		return -EFAULT;
	}
	request->n_pages = ret;
	request->callback = drops;
	queue->next = request;
	return 0;
}

/* Whether reports() is right depends on who reads the request afterwards: nobody is known to drop the pages. */
int send_with_another(struct queue *queue, struct request *request, unsigned long start, int n)
{
	int ret = fill(request, start, n);

	if (ret)
		return ret;
	ret = pin_user_pages_fast(start, n, 0, request->pages); // unresolved: no release out of it was found
	if (ret <= 0) {
		kvfree(request->pages);
		return -EFAULT;
	}
	request->n_pages = ret;
	request->callback = reports;
	queue->next = request;
	return 0;
}

void complete(struct request *request)
{
	request->callback(request);
}
