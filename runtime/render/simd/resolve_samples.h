// Averages samples × samples antialiased samples of one pixel in linear light and encodes them.
float total[3] = {0.0f, 0.0f, 0.0f};
for (int row = y * samples; row < (y + 1) * samples; ++row)
    for (int column = x * samples; column < (x + 1) * samples; ++column) {
        float light[3];
        blend_sample(column, row, light);
        for (int channel = 0; channel < 3; ++channel)
            total[channel] += light[channel];
    }
for (int channel = 0; channel < 3; ++channel)
    total[channel] /= (float)(samples * samples);
encode(total, 3, (unsigned char*)rgb.data + (size_t)y * rgb.strides[0] + 3 * x);
