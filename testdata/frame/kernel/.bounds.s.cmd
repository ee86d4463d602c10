savedcmd_kernel/bounds.s := gcc -nostdinc -I./arch/x86/include -I./include -D__KERNEL__ -std=gnu11 -S -o kernel/bounds.s kernel/bounds.c
