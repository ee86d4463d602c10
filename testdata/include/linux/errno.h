#pragma once
#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EMSGSIZE 90
#define EOPNOTSUPP 95
#define EINPROGRESS 115
#define EIOCBQUEUED 529
