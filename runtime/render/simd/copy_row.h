// Copies a row's entries from `first` to before `end`.
const char* from = (const char*)source.data + (size_t)y * source.strides[0] + (size_t)first * source.strides[1];
char* to = (char*)target.data + (size_t)y * target.strides[0] + (size_t)first * target.strides[1];
const int bytes = (end - first) * source.strides[1];
for (int i = 0; i < bytes; ++i)
    to[i] = from[i];
