// Function pointers in static initialisers, by structure and field.
struct file;

struct file_ops {
	void *owner;
	long (*read)(struct file *file);
	long (*write)(struct file *file);
	struct {
		int (*open)(struct file *file);
	} nested;
	void (*hooks[3])(void);
	union {
		int (*in_union)(void);
		long raw;
	};
};

struct driver {
	const char *name;
	struct file_ops ops;
	const struct file_ops *more;
};

static long my_read(struct file *file) { return 0; }
static long my_write(struct file *file) { return 1; }
static int my_open(struct file *file) { return 2; }
static void first(void) {}
static void second(void) {}
static int of_union(void) { return 3; }
void elsewhere(void);

static const struct file_ops ops = {
	.read = my_read,
	.write = &my_write,
	.nested = { .open = my_open },
	.hooks = { first, [2] = second },
	.in_union = of_union,
};

static struct driver drivers[] = {
	{ "positional", { (void *)0, my_read, my_write }, &ops },
	[1] = { .name = "nested", .ops.read = sizeof(long) == 8 ? my_read : (void *)0 },
	[2].ops = { .write = (long (*)(struct file *))my_write },
};

static void (*plain)(void) = first;
void (*const list[])(void) = { first, second, elsewhere };

int setup(void)
{
	static const struct file_ops local = { .read = my_read };

	return local.read ? drivers[0].ops.nested.open((void *)0) : 0;
}
