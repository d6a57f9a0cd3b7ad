// objc_msgSend: keeps every register that can hold an argument, looks the
// method up and jumps to it, so that it sees its caller's arguments as they are.

#if defined(__x86_64__)

// self and sel are where the prologue saved them.
#define SIM_TRAMPOLINE(name, lookup, self, sel)                        \
  asm(".text\n.globl " name "\n.type " name ",@function\n" name ":\n"   \
      "  pushq %rbp\n  movq %rsp, %rbp\n  subq $192, %rsp\n"            \
      "  movq %rdi, -8(%rbp)\n  movq %rsi, -16(%rbp)\n"                 \
      "  movq %rdx, -24(%rbp)\n  movq %rcx, -32(%rbp)\n"                \
      "  movq %r8, -40(%rbp)\n  movq %r9, -48(%rbp)\n"                  \
      "  movups %xmm0, -64(%rbp)\n  movups %xmm1, -80(%rbp)\n"          \
      "  movups %xmm2, -96(%rbp)\n  movups %xmm3, -112(%rbp)\n"         \
      "  movups %xmm4, -128(%rbp)\n  movups %xmm5, -144(%rbp)\n"        \
      "  movups %xmm6, -160(%rbp)\n  movups %xmm7, -176(%rbp)\n"        \
      "  movq " self ", %rdi\n  movq " sel ", %rsi\n"                   \
      "  call " lookup "\n  movq %rax, %r11\n"                          \
      "  movq -8(%rbp), %rdi\n  movq -16(%rbp), %rsi\n"                 \
      "  movq -24(%rbp), %rdx\n  movq -32(%rbp), %rcx\n"                \
      "  movq -40(%rbp), %r8\n  movq -48(%rbp), %r9\n"                  \
      "  movups -64(%rbp), %xmm0\n  movups -80(%rbp), %xmm1\n"          \
      "  movups -96(%rbp), %xmm2\n  movups -112(%rbp), %xmm3\n"         \
      "  movups -128(%rbp), %xmm4\n  movups -144(%rbp), %xmm5\n"        \
      "  movups -160(%rbp), %xmm6\n  movups -176(%rbp), %xmm7\n"        \
      "  leave\n  jmp *%r11\n.size " name ",.-" name "\n")

SIM_TRAMPOLINE("objc_msgSend", "metalsim_lookup", "-8(%rbp)", "-16(%rbp)");
// The address of the result comes first, so self and selector move up by one.
SIM_TRAMPOLINE("objc_msgSend_stret", "metalsim_lookup_stret", "-16(%rbp)", "-24(%rbp)");

#elif defined(__aarch64__)

// x8 holds the address of a struct result. nil answers a struct with zeros
// only where the caller zeroed it, as on Apple's arm64.
asm(".text\n.globl objc_msgSend\n.type objc_msgSend,%function\nobjc_msgSend:\n"
    "  stp x29, x30, [sp, #-224]!\n  mov x29, sp\n"
    "  stp x0, x1, [sp, #16]\n  stp x2, x3, [sp, #32]\n"
    "  stp x4, x5, [sp, #48]\n  stp x6, x7, [sp, #64]\n  str x8, [sp, #80]\n"
    "  stp q0, q1, [sp, #96]\n  stp q2, q3, [sp, #128]\n"
    "  stp q4, q5, [sp, #160]\n  stp q6, q7, [sp, #192]\n"
    "  bl metalsim_lookup\n  mov x16, x0\n"
    "  ldp x0, x1, [sp, #16]\n  ldp x2, x3, [sp, #32]\n"
    "  ldp x4, x5, [sp, #48]\n  ldp x6, x7, [sp, #64]\n  ldr x8, [sp, #80]\n"
    "  ldp q0, q1, [sp, #96]\n  ldp q2, q3, [sp, #128]\n"
    "  ldp q4, q5, [sp, #160]\n  ldp q6, q7, [sp, #192]\n"
    "  ldp x29, x30, [sp], #224\n  br x16\n"
    ".size objc_msgSend,.-objc_msgSend\n");

#else
#error "the simulated Objective-C runtime knows x86-64 and aarch64 only"
#endif
