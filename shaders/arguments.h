// What every kernel is told of its operands, in the layout of arguments.go.
// Metal and CUDA read the same bytes. Sizes and places count elements.
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

// Matrix is where a batch of matrices lies in its buffer: element (b, i, j) at
// offset + b*batch + i*row + j*col.
struct Matrix {
  long offset, batch, row, col;
};

// MatmulArguments describe C[b] = alpha*A[b]*B[b] + beta*C[b] + bias for
// batches matrices of M x N, with K terms each.
struct MatmulArguments {
  Matrix a, b, c;
  unsigned int m, n, k, batches;
  unsigned int runs, reserved;
};

// ColumnRun is a stretch of columns with the same factors, from first to the
// first of the next run. Its bias is an index into the biases, -1 for none.
struct ColumnRun {
  unsigned int first;
  float alpha, beta;
  int bias;
};

// SoftmaxArguments describe Y = softmax(X) for the rows of batches matrices.
struct SoftmaxArguments {
  Matrix x, y;
  unsigned int rows, cols, batches; // of a matrix
  unsigned int runs;
};

// RowRun is a stretch of rows of one job, from first (counted through all
// matrices) to the first of the next run. Row i of the run attends to the
// columns below min(cols, limit + i*step); the others, up to cols, get 0, and
// those from cols on are not touched.
struct RowRun {
  unsigned int first, cols;
  long limit, step;
};

// CopyArguments describe a copy of elements between two layouts.
struct CopyArguments {
  Matrix dst, src;
  unsigned int rows, cols, batches, reserved;
};

static_assert(sizeof(Matrix) == 32 && sizeof(MatmulArguments) == 120 && sizeof(ColumnRun) == 16 &&
                  sizeof(SoftmaxArguments) == 80 && sizeof(RowRun) == 24 && sizeof(CopyArguments) == 80,
              "the layout of arguments.go");

#endif
