// Empties a row's samples from `first` to before `end`.
long long* key_row = (long long*)((char*)keys.data + (size_t)y * keys.strides[0]);
int* across_row = (int*)((char*)across.data + (size_t)y * across.strides[0]);
int* down_row = (int*)((char*)down.data + (size_t)y * down.strides[0]);
for (int x = first; x < end; ++x)
    key_row[x] = EMPTY;
for (int x = first; x < end; ++x)
    across_row[x] = 0;
for (int x = first; x < end; ++x)
    down_row[x] = 0;
