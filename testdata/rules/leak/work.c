// The references travel with an object to code that runs later.
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

struct job {
	struct work_struct work;
	struct rcu_head rcu;
	struct page **pages;
	int n_pages;
};

static void job_free_ok(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	unpin_user_pages(job->pages, job->n_pages);
	kvfree(job->pages);
	kfree(job);
}

int submit_ok(unsigned long start, int n)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return -ENOMEM;
	job->pages = kvmalloc_array(n, sizeof(*job->pages), GFP_KERNEL);
	if (!job->pages)
		goto free_job;
	job->n_pages = pin_user_pages_fast(start, n, FOLL_WRITE, job->pages);
	if (job->n_pages <= 0)
		goto free_pages;
	INIT_WORK(&job->work, job_free_ok);
	schedule_work(&job->work);
	return 0;

free_pages:
	kvfree(job->pages);
free_job:
	kfree(job);
	return -ENOMEM;
}

struct call {
	struct work_struct work;
	struct page *page;
};

/* The work item frees its object and forgets the page. */
static void call_done_bad(struct work_struct *work)
{
	struct call *call = container_of(work, struct call, work);

	kfree(call); // fixme-missing: leak later() applies what a handler releases, not what it frees: told at the return of submit_call()
}

int submit_call(unsigned long addr)
{
	struct call *call = kzalloc(sizeof(*call), GFP_KERNEL);

	if (!call)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, 0, &call->page) != 1) {
		kfree(call);
		return -EFAULT;
	}
	INIT_WORK(&call->work, call_done_bad);
	schedule_work(&call->work);
	// fixme-extra: leak belongs to the kfree() of call_done_bad(), see there
	return 0;
}


/* The error path after the object was filled, before it was handed on. */
int submit_late_failure_bad(unsigned long addr, bool ready)
{
	struct call *call = kzalloc(sizeof(*call), GFP_KERNEL);

	if (!call)
		return -ENOMEM;
	if (pin_user_pages_fast(addr, 1, 0, &call->page) != 1) {
		kfree(call);
		return -EFAULT;
	}
	if (!ready) {
		kfree(call); // expect: leak
		return -EAGAIN;
	}
	unpin_user_page(call->page);
	kfree(call);
	return 0;
}
