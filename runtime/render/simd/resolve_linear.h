// Averages samples × samples antialiased samples of one pixel and leaves them linear.
float total[3] = {0.0f, 0.0f, 0.0f};
for (int row = y * samples; row < (y + 1) * samples; ++row)
    for (int column = x * samples; column < (x + 1) * samples; ++column) {
        float light[3];
        blend_sample(column, row, light);
        for (int channel = 0; channel < 3; ++channel)
            total[channel] += light[channel];
    }
float* out = (float*)((char*)blended.data + (size_t)y * blended.strides[0]) + 3 * x;
for (int channel = 0; channel < 3; ++channel)
    out[channel] = total[channel] / (float)(samples * samples);
