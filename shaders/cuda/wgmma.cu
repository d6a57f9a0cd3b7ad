// The instruction of Hopper's tensor cores: 64 x Cols sums of four warps plus
// the product of 64 x 16 of A and 16 x Cols of B, both in shared memory. Turned
// operands lie along M or N.
template <uint Cols, bool TurnA, bool TurnB> struct Multiply;

#if TYPE_A == TYPE_F16
#define WGMMA_TYPES "f32.f16.f16"
#else
#define WGMMA_TYPES "f32.bf16.bf16"
#endif

#define NAMES4 "%0,%1,%2,%3"
#define NAMES8 NAMES4 ",%4,%5,%6,%7"
#define NAMES16 NAMES8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define NAMES32 NAMES16 ",%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define NAMES64                                                                           \
  NAMES32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50," \
          "%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define NAMES128                                                                          \
  NAMES64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82," \
          "%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106," \
          "%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"

#define SUMS4(S, I) "+f"(S[I]), "+f"(S[I + 1]), "+f"(S[I + 2]), "+f"(S[I + 3])
#define SUMS8(S, I) SUMS4(S, I), SUMS4(S, I + 4)
#define SUMS16(S, I) SUMS8(S, I), SUMS8(S, I + 8)
#define SUMS32(S, I) SUMS16(S, I), SUMS16(S, I + 16)
#define SUMS64(S, I) SUMS32(S, I), SUMS32(S, I + 32)
#define SUMS128(S, I) SUMS64(S, I), SUMS64(S, I + 64)

// MULTIPLY defines the instruction of COLS columns, HALF as many sums in a
// thread; A and the three after it are the numbers of the operands after them.
#define MULTIPLY(COLS, HALF, A, B, TURN_A, TURN_B)                                                                \
  template <bool TurnA, bool TurnB> struct Multiply<COLS, TurnA, TurnB> {                                         \
    static __device__ __forceinline__ void run(float* sums, unsigned long a, unsigned long b) {                   \
      asm volatile("wgmma.mma_async.sync.aligned.m64n" #COLS "k16." WGMMA_TYPES " {" NAMES##HALF "}, %" #A ", %" #B \
                   ", 1, 1, 1, %" #TURN_A ", %" #TURN_B ";"                                                       \
                   : SUMS##HALF(sums, 0)                                                                          \
                   : "l"(a), "l"(b), "n"(int(TurnA)), "n"(int(TurnB)));                                           \
    }                                                                                                             \
  }

MULTIPLY(8, 4, 4, 5, 6, 7);
MULTIPLY(16, 8, 8, 9, 10, 11);
MULTIPLY(32, 16, 16, 17, 18, 19);
MULTIPLY(64, 32, 32, 33, 34, 35);
MULTIPLY(128, 64, 64, 65, 66, 67);
MULTIPLY(256, 128, 128, 129, 130, 131);
